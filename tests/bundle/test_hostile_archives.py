"""One test per attack that an archive or folder can carry."""

from __future__ import annotations

import gzip
import io
import json
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from dotmac_diagnose.bundle import Bundle, Limits, streams
from dotmac_diagnose.errors import InputError, LimitExceeded

from .captures import FILES, listed, pod, write_folder

FLOOR_BYTES = 1024 * 1024


@pytest.fixture
def low_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse a ratio from one megabyte on, so that the bombs can be small."""
    monkeypatch.setattr(streams, "RATIO_FLOOR_BYTES", FLOOR_BYTES)


PODS = json.dumps(FILES["pods"]).encode()


def tar(*members: tuple[str, bytes | Callable[[tarfile.TarInfo], None]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in (("kubectl/pods.json", PODS), *members):
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                content(info)
                archive.addfile(info)
    return buffer.getvalue()


def read(data: bytes, tmp_path: Path, limits: Limits | None = None) -> dict[str, str]:
    """Read an archive; return the reasons by member. The good member must always be there."""
    path = tmp_path / "capture.tar"
    path.write_bytes(data)
    bundle = Bundle.read(path, limits=limits)
    assert any(fact.kind == "kubernetes.pod" for fact in bundle.base.facts)
    return {item.collector.removeprefix("import:"): item.reason or "" for item in bundle.outcomes}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "an absolute path"),
        ("C:\\windows\\x.json", "an absolute path"),
        ("../outside.json", "leads out of the archive"),
        ("kubectl/../../outside.json", "leads out of the archive"),
        ("kubectl\\..\\..\\outside.json", "leads out of the archive"),
        ("kubectl/PODS.json", "differs from kubectl/pods.json only in case"),
        ("kubectl/pods.json", "a second file of this name"),
        ("./kubectl//pods.json", "a second file of this name"),
    ],
)
def test_a_name_that_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    assert any(reason in found for found in read(tar((name, b"{}")), tmp_path).values())


def symbolic(info: tarfile.TarInfo) -> None:
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"


def hard(info: tarfile.TarInfo) -> None:
    info.type, info.linkname = tarfile.LNKTYPE, "kubectl/pods.json"


def device(info: tarfile.TarInfo) -> None:
    info.type, info.devmajor, info.devminor = tarfile.CHRTYPE, 1, 5


def block(info: tarfile.TarInfo) -> None:
    info.type = tarfile.BLKTYPE


def pipe(info: tarfile.TarInfo) -> None:
    info.type = tarfile.FIFOTYPE


def sparse(info: tarfile.TarInfo) -> None:
    info.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.map": "0,1",
        "GNU.sparse.size": "9",
    }


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (symbolic, "a link"), (hard, "a link"), (device, "a device or pipe"), (block, "a device or pipe"),
        (pipe, "a device or pipe"), (sparse, "a sparse file"),
    ],
)  # fmt: skip
def test_a_type_that_is_refused(tmp_path: Path, make: Callable[[tarfile.TarInfo], None], reason: str) -> None:
    assert read(tar(("kubectl/nodes.json", make)), tmp_path) == {"kubectl/nodes.json": f"refused: {reason}"}


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
@pytest.mark.usefixtures("low_floor")
def test_a_ratio_bomb(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(tar(("kubectl/nodes.json", b" " * (2 * FLOOR_BYTES))))
    with pytest.raises(LimitExceeded, match="--max-ratio"):
        read(bomb, tmp_path)


def test_an_archive_that_unpacks_to_too_much(tmp_path: Path) -> None:
    big = gzip.compress(tar(("kubectl/nodes.json", os.urandom(200_000))))
    with pytest.raises(LimitExceeded, match="--max-input-bytes"):
        read(big, tmp_path, Limits(max_input_bytes=100_000))


def test_too_many_members(tmp_path: Path) -> None:
    many = tar(*((f"x/{number}", b"") for number in range(20)))
    with pytest.raises(LimitExceeded, match="--max-members"):
        read(many, tmp_path, Limits(max_members=10))


def test_a_member_that_is_too_large(tmp_path: Path) -> None:
    found = read(tar(("kubectl/nodes.json", b" " * 5000)), tmp_path, Limits(max_member_bytes=4000))
    assert "--max-member-bytes" in found["kubectl/nodes.json"]


def test_a_header_that_claims_gigabytes(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 3 * 2**30
    good = tar()[: 512 * (1 + -(-len(PODS) // 512))]
    found = read(good + info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 4096, tmp_path)
    assert "the archive is damaged after kubectl/pods.json" in found["(rest of the archive)"]


def test_an_archive_that_breaks_off(tmp_path: Path) -> None:
    whole = tar(("kubectl/nodes.json", json.dumps(listed()).encode() + b" " * 50_000))
    found = read(gzip.compress(whole[:40_000]), tmp_path)
    assert "the archive is damaged after kubectl/pods.json" in found["(rest of the archive)"]


def test_an_archive_that_is_damaged_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "capture.tar.gz"
    path.write_bytes(gzip.compress(tar())[:60])
    with pytest.raises(InputError, match="damaged"):
        Bundle.read(path)


def test_an_archive_inside_an_archive(tmp_path: Path) -> None:
    assert "an archive inside a capture" in read(tar(("more.tar.gz", gzip.compress(tar()))), tmp_path)["more.tar.gz"]
    assert "an archive inside a capture" in read(tar(("more.tar", tar())), tmp_path)["more.tar"]


@pytest.mark.usefixtures("low_floor")
def test_a_packed_member_that_is_a_bomb(tmp_path: Path) -> None:
    found = read(tar(("kubectl/nodes.json.gz", gzip.compress(b" " * (2 * FLOOR_BYTES)))), tmp_path)
    assert "--max-ratio" in found["kubectl/nodes.json.gz"]


def test_unprintable_names_are_escaped(tmp_path: Path) -> None:
    found = read(tar(("kubectl/\x1b[31m\u202enodes.json", b"\0")), tmp_path)
    assert list(found) == ["kubectl/\\x1b[31m\\u202enodes.json"]


def test_nothing_is_ever_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.chdir(tmp_path / "run")
    read(tar(("../outside.json", b"{}"), ("inside.json", b"{}")), tmp_path)
    assert list((tmp_path / "run").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["capture.tar"]


def zipped(tmp_path: Path, *members: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    path = tmp_path / "capture.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("kubectl/pods.json", PODS)
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_hostile_members_of_a_zip(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("kubectl/link.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = zipped(tmp_path, (link, b"/etc/passwd"), ("../outside.json", b"{}"), ("kubectl/Pods.json", b"{}"))
    reasons = {item.collector: item.reason for item in Bundle.read(path).outcomes}
    assert reasons["import:kubectl/link.json"] == "refused: a link or device"
    assert "leads out" in str(reasons["import:../outside.json"])
    assert "only in case" in str(reasons["import:kubectl/Pods.json"])


@pytest.mark.usefixtures("low_floor")
def test_a_zip_bomb(tmp_path: Path) -> None:
    path = zipped(tmp_path, ("kubectl/nodes.json", b" " * (2 * FLOOR_BYTES)))
    with pytest.raises(LimitExceeded, match="--max-ratio"):
        Bundle.read(path)


def test_links_and_pipes_in_a_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps(listed(pod("stolen"))))
    folder = write_folder(tmp_path / "capture")
    (folder / "kubectl" / "jobs.json").symlink_to(outside)
    (folder / "more").symlink_to(tmp_path)
    os.mkfifo(folder / "kubectl" / "pipe.json")
    bundle = Bundle.read(folder)
    assert {item.collector: item.reason for item in bundle.outcomes} == {
        "import:kubectl/jobs.json": "refused: a link",
        "import:kubectl/pipe.json": "refused: a device or pipe",
        "import:more": "refused: a link",
    }
    assert not any("stolen" in fact.entity for fact in bundle.base.facts)
