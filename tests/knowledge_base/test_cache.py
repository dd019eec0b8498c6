from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dotmac_diagnose.knowledge import load as load_module
from dotmac_diagnose.knowledge import load_knowledge

if TYPE_CHECKING:
    from collections.abc import Callable

    from knowledge_folder import Folder


@pytest.fixture
def no_parsing(monkeypatch: pytest.MonkeyPatch):
    """From here on parsing is a failure of the test."""

    def forbid():
        def fail(*_: object):
            raise AssertionError("the files were parsed")

        monkeypatch.setattr(load_module, "parse_sources", fail)

    return forbid


def cache_files():
    return sorted(Path(os.environ["DIAGNOSE_CACHE_DIR"]).glob("knowledge-*.json"))


def test_the_second_load_does_not_parse_and_is_equal(folder: Folder, no_parsing: Callable[[], None]):
    first = load_knowledge(base=folder.path)
    no_parsing()
    second = load_knowledge(base=folder.path)
    assert second == first
    assert second.causes["a.broken"].leads_to[0].model_fields_set == {"to", "strength"}


def test_the_cache_is_private(folder: Folder):
    load_knowledge(base=folder.path)
    (file,) = cache_files()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_a_changed_file_is_seen(folder: Folder):
    before = load_knowledge(base=folder.path)
    folder.write("a/states.yaml", (folder.path / "a/states.yaml").read_text().replace("It is down", "It sleeps"))
    after = load_knowledge(base=folder.path)
    assert (before.states["a.down"].title, after.states["a.down"].title) == ("It is down", "It sleeps")
    assert before.digest != after.digest


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "foreign", "writable", "folder", "link"])
def test_a_bad_cache_is_ignored_and_written_again(folder: Folder, damage: str, tmp_path: Path):
    first = load_knowledge(base=folder.path)
    (file,) = cache_files()
    good = file.read_bytes()
    if damage == "cut":
        file.write_bytes(good[: len(good) // 2])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "text":
        file.write_bytes(b"\xff not json")
    elif damage == "foreign":
        file.write_bytes(good.replace(first.digest.encode(), b"0" * 64))
    elif damage == "writable":
        file.write_bytes(good.replace(b"It is broken", b"It is fooled"))
        file.chmod(0o666)
    elif damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        evil = tmp_path / "evil.json"
        evil.write_bytes(good.replace(b"It is broken", b"It is fooled"))
        file.unlink()
        file.symlink_to(evil)
    assert load_knowledge(base=folder.path) == first
    if damage != "folder":
        assert file.read_bytes() == good
        assert not file.is_symlink()


def test_an_unwritable_cache_folder_is_fine(folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    monkeypatch.setenv("DIAGNOSE_CACHE_DIR", str(blocker / "below"))
    assert load_knowledge(base=folder.path).causes


def test_old_copies_go(folder: Folder):
    for number in range(7):
        folder.write("a/more/findings.yaml", f"a.f: {{entity: pod, title: t{number}}}\n")
        load_knowledge(base=folder.path)
    assert len(cache_files()) == 4
