"""Starting and stopping one server process as an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

_USERS = ("postgres", "nobody")


def server_user() -> str | None:
    """Return the user that servers run as, None when this process is not root anyway."""
    if os.getuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _USERS if name in known)


def _identity() -> dict[str, object]:
    name = server_user()
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def free_port() -> int:
    """Return a port that nothing listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def server_folder() -> Path:
    """Make a folder that the unprivileged user owns and can reach; the caller removes it."""
    folder = Path(tempfile.mkdtemp(prefix="diagnose-server-", dir="/tmp"))
    name = server_user()
    if name is not None:
        shutil.chown(folder, name)
    return folder


def run_as_server(command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run one command to its end as the unprivileged user."""
    done = subprocess.run(
        command, cwd=folder, env=_environment(environment), capture_output=True, text=True, timeout=60, **_identity()
    )
    assert done.returncode == 0, f"{command[0]}: {done.stderr[-2000:]}"


def start_as_server(command: Sequence[str], *, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start one server as the unprivileged user, its output in a file."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command, cwd=folder, env=_environment(None), stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            start_new_session=True, **_identity(),
        )  # fmt: skip


def _environment(more: Mapping[str, str] | None) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC", **(more or {})}


def wait_until(ready: Callable[[], bool], *, seconds: float = 15.0, what: str = "the server") -> None:
    """Wait until something is so; fail the test when it does not come."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, f"{what} did not come within {seconds:.0f} s"
        time.sleep(0.02)


def missing(what: str) -> None:
    """Skip the test, or fail it where CI is set: there every server must be."""
    reason = f"{what} is not installed: run make servers"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
