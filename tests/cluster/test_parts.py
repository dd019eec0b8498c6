"""The image archive and the stub registry, without a cluster."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from cluster import mkimage
from cluster.registry import Registry


def test_two_images_share_their_layers(tmp_path: Path) -> None:
    for name in ("base", "top"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.txt").write_text(name)
    out = tmp_path / "images.tar"
    images = ['lab/a:1={"Cmd": ["sh"]}', 'lab/a:2={"Env": ["A=1"]}']
    mkimage.main(out, [tmp_path / "base", tmp_path / "top"], images)
    with tarfile.open(out) as archive:
        contents = {
            member.name: (archive.extractfile(member) or io.BytesIO()).read() for member in archive.getmembers()
        }
    first, second = json.loads(contents["manifest.json"])
    assert first["RepoTags"] == ["lab/a:1"]
    assert first["Layers"] == second["Layers"]
    digests = [f"sha256:{hashlib.sha256(contents[layer]).hexdigest()}" for layer in first["Layers"]]
    assert json.loads(contents[first["Config"]])["rootfs"]["diff_ids"] == digests
    assert json.loads(contents[second["Config"]])["config"] == {"Env": ["A=1"]}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "images.tar", "top"]


@pytest.fixture
def registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("name", "status"), [("private.lab", 401), ("busy.lab", 429), ("registry.lab", 404)])
def test_the_registry_answers_by_the_name_that_containerd_means(registry: str, name: str, status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{registry}/v2/dotmac/platform/manifests/1?ns={name}", timeout=5)
    with refused.value as answer:
        assert answer.code == status
        assert json.loads(answer.read())["errors"][0]["code"]
