"""A small knowledge base on disk that tests change file by file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from knowledge_folder import Folder

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]

SMALL = {
    "a/causes.yaml": """\
        a.broken:
          entity: deployment
          title: It is broken
          severity: P1
          decisive: the light is red
          leads_to:
            - {to: a.down, strength: always}
        """,
    "a/states.yaml": """\
        a.down:
          entity: workload
          title: It is down
          leads_to:
            - {to: a.red_light, strength: always}
        """,
    "a/findings.yaml": """\
        a.red_light:
          entity: workload
          title: The light is red
          detail: container {container} waits
          when:
            - {fact: kubernetes.container, where: {state: waiting}}
        """,
    "a/fixes.yaml": """\
        a.repair:
          title: Repair it
          for: [a.broken]
          risk: reversible
          steps:
            - {run: "kubectl rollout undo {entity.resource|resource}", tool: kubectl}
        """,
}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A base that loads and that the lint has nothing to say about."""
    made = Folder(tmp_path / "base")
    for name in ("scale.yaml", "entities.yaml"):
        made.write(name, (ROOT / "knowledge" / name).read_bytes())
    for name, text in SMALL.items():
        made.write(name, text)
    return made


@pytest.fixture
def new_folder(tmp_path: Path) -> Callable[[str], Folder]:
    """Makes an empty folder, for packs."""
    return lambda name: Folder(tmp_path / name)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIAGNOSE_CACHE_DIR", str(tmp_path / "cache"))
