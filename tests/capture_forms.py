"""One recorded incident in all the forms in which people keep kubectl output."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import yaml

INCIDENTS = Path(__file__).parent / "incidents"
Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def names() -> list[str]:
    """Return the ids of all recordings."""
    return sorted(path.name.removesuffix(".tar.xz") for path in INCIDENTS.glob("*.tar.xz"))


def unpacked(incident: str, parent: Path) -> Path:
    """Unpack a recording and return its folder."""
    with tarfile.open(INCIDENTS / f"{incident}.tar.xz") as archive:
        archive.extractall(parent, filter="data")
    return parent / incident


def _objects(folder: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_bytes()) for path in sorted((folder / "kubectl").glob("*.json"))}


def _without_objects(folder: Path) -> dict[str, Any]:
    """Return the lists of a recording, and leave only what lies beside them."""
    found = _objects(folder)
    for path in (folder / "kubectl").iterdir():
        path.unlink()
    (folder / "kubectl").rmdir()
    return found


def as_yaml(folder: Path) -> Path:
    """One YAML file per kind, as ``kubectl get KIND -A -o yaml`` prints it."""
    for name, value in _without_objects(folder).items():
        (folder / "kubectl").mkdir(exist_ok=True)
        (folder / "kubectl" / f"{name}.yaml").write_text(yaml.dump(value, Dumper=Dumper))
    return folder


def as_yaml_documents(folder: Path) -> Path:
    """All kinds as documents of one YAML file."""
    values = _without_objects(folder).values()
    (folder / "kubectl").mkdir()
    (folder / "kubectl" / "all.yaml").write_text(yaml.dump_all(values, Dumper=Dumper, explicit_start=True))
    return folder


def as_concatenated_json(folder: Path) -> Path:
    """All kinds in one file, one JSON document after the other."""
    values = _without_objects(folder).values()
    (folder / "kubectl").mkdir()
    (folder / "kubectl" / "all.json").write_text("\n".join(json.dumps(value, indent=4) for value in values))
    return folder


def as_one_list(folder: Path) -> Path:
    """All kinds in one List, as ``kubectl get pods,events,… -A -o json`` prints it."""
    items = [item for value in _without_objects(folder).values() for item in value["items"]]
    (folder / "kubectl").mkdir()
    (folder / "kubectl" / "all.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    return folder


def as_dump(folder: Path) -> Path:
    """What ``kubectl cluster-info dump --output-directory`` wrote."""
    return folder / "dump"


def _with_start_mark(log: str) -> str:
    """Return a log of a dump as the stream has it: the recordings keep the last lines of long ones only."""
    end = log.rstrip("\n").rpartition("\n")[2]
    start = end.replace("==== END logs", "==== START logs")
    return log if log.startswith("==== START logs") else f"{start}\n{log}"


def as_dump_stream(folder: Path) -> Path:
    """What ``kubectl cluster-info dump`` prints: the same as one stream, nodes first."""
    dump = folder / "dump"
    parts = [(dump / "nodes.json").read_text()]
    for namespace in sorted(path for path in dump.iterdir() if path.is_dir()):
        parts += [path.read_text() for path in sorted(namespace.glob("*.json"))]
        parts += [_with_start_mark(path.read_text()) for path in sorted(namespace.glob("*/logs.txt"))]
    stream = folder / "dump.txt"
    stream.write_text("\n".join(parts))
    return stream


WHOLE = {"yaml": as_yaml}
"""Forms that keep every kind, also those without objects."""

WITHOUT_EMPTY_KINDS = {
    "yaml documents": as_yaml_documents,
    "concatenated JSON": as_concatenated_json,
    "one List": as_one_list,
}
"""Forms in which a kind without objects leaves no trace."""

DUMPS = {"dump folder": as_dump, "dump stream": as_dump_stream}
"""Forms that hold eight kinds only."""
