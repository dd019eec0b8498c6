"""Real servers that are no help: they accept and never answer, or send one byte a second."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def silent_server(*, drip: bool = False) -> Iterator[int]:
    """Serve on loopback and yield the port; with ``drip`` each client gets a byte every second."""
    ended = threading.Event()
    clients: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)

        def feed(client: socket.socket) -> None:
            with suppress(OSError):
                while not ended.wait(1.0):
                    client.send(b"x")

        def accept() -> None:
            while not ended.is_set():
                with suppress(TimeoutError):
                    client, _ = server.accept()
                    clients.append(client)
                    if drip:
                        threading.Thread(target=feed, args=(client,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            thread.join(5)
            for client in clients:
                client.close()
