"""Images without a builder: mkimage.py OUT.tar LAYERS NAME=CONFIGURATION...

LAYERS are folders, divided by commas, lowest first; every NAME gets all of them. CONFIGURATION is the "config" object
of an image as JSON ({"Cmd": ["sh"]}). The result is a docker-archive that `ctr images import` reads.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path


def pack(folder: Path, target: Path) -> str:
    """Writes the layer of FOLDER to TARGET and returns its SHA-256."""
    with tarfile.open(target, "w") as layer:
        layer.add(folder, arcname=".")
    with target.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def describe(configuration: dict[str, object], digests: list[str]) -> bytes:
    """The image configuration that names the layers."""
    document = {
        "architecture": "amd64",
        "os": "linux",
        "config": configuration,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created_by": "mkimage"} for _ in digests],
    }
    return json.dumps(document).encode()


def add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def main(out: Path, folders: list[Path], images: list[str]) -> None:
    layers = []
    for number, folder in enumerate(folders):
        path = out.with_suffix(f".layer{number}")
        layers.append((pack(folder, path), path))
    digests = [digest for digest, _ in layers]
    manifest = []
    with tarfile.open(out, "w") as archive:
        for image in images:
            name, _, configuration = image.partition("=")
            content = describe(json.loads(configuration or "{}"), digests)
            file = hashlib.sha256(content).hexdigest() + ".json"
            add_bytes(archive, file, content)
            manifest.append({"Config": file, "RepoTags": [name], "Layers": [f"{d}/layer.tar" for d in digests]})
        add_bytes(archive, "manifest.json", json.dumps(manifest).encode())
        for digest, path in layers:
            archive.add(path, arcname=f"{digest}/layer.tar")
            path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(folder) for folder in sys.argv[2].split(",")], sys.argv[3:])
