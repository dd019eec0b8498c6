"""Real Redis servers."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import redis

from .process import free_port, missing, server_folder, start_as_server, wait_until

PASSWORD = "correct horse 8"
_SETTINGS: Mapping[str, str] = {
    "bind": "127.0.0.1",
    "daemonize": "no",
    "save": '""',
    "appendonly": "no",
    "latency-monitor-threshold": "50",
    "enable-debug-command": "yes",
}


class RedisServer:
    """One server of its own data folder."""

    def __init__(self, **settings: str) -> None:
        program = shutil.which("redis-server")
        if program is None:
            missing("redis-server")
            raise AssertionError
        self.port = free_port()
        self.folder = server_folder()
        self.log = self.folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.preload: str | None = None
        self._program = program
        self._settings = {**_SETTINGS, "dir": str(self.folder), "port": str(self.port)}
        self.configure(**settings)

    def configure(self, **settings: str) -> None:
        """Write the settings, these added (``_`` stands for ``-``); a start reads them."""
        self._settings |= {name.replace("_", "-"): value for name, value in settings.items()}
        text = "".join(f"{name} {value}\n" for name, value in self._settings.items())
        file = self.folder / "redis.conf"
        file.write_text(text)
        file.chmod(0o666)

    def start(self, *, wait: bool = True) -> None:
        """Start the server and wait until it answers."""
        command = [self._program, str(self.folder / "redis.conf")]
        if self.preload is not None:
            command = ["env", f"LD_PRELOAD={self.preload}", *command]
        self.process = start_as_server(command, folder=self.folder, log=self.log)
        if wait:
            wait_until(self._answers, what="Redis")

    def stop(self, *, how: signal.Signals = signal.SIGKILL) -> None:
        """Stop the server by its process id."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
            self.process.wait(timeout=30)
        self.process = None

    def remove(self) -> None:
        """Stop the server and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, user: str | None = None, password: str | None = None, *, database: int = 0) -> str:
        """Return an address."""
        secret = f"{user or ''}:{password.replace(' ', '%20')}@" if password is not None else ""
        return f"redis://{secret}127.0.0.1:{self.port}/{database}"

    @property
    def entity(self) -> str:
        """The entity id that the collector gives it."""
        return f"redis/127.0.0.1:{self.port}"

    def client(self, **options: Any) -> redis.Redis:
        """Return a client that decodes its replies; the caller closes it."""
        return redis.Redis(
            host="127.0.0.1", port=self.port, decode_responses=True, socket_timeout=5, protocol=2, **options
        )

    def run(self, *words: str | int) -> Any:
        """Run one command as the default user."""
        with self.client() as client:
            return client.execute_command(*words)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text(errors="replace")[-2000:]
        try:
            self.run("PING")
        except redis.AuthenticationError:
            return True
        except (redis.ConnectionError, redis.BusyLoadingError):
            return False
        return True


@contextmanager
def redis_server(**settings: str) -> Iterator[RedisServer]:
    """Run a new server that saves nothing and needs no password."""
    server = RedisServer(**settings)
    try:
        server.start()
        yield server
    finally:
        server.remove()
