"""Runs foreign async functions at the same time, so that none of them can hold up the others or the end.

Each has a daemon thread and an event loop of its own. At its moment it is cancelled; one that
does not end then, because it blocks its thread or refuses, is left behind.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import anyio

GRACE_SECONDS = 0.3
"""How long a cancelled function may take to end."""
_POLL_SECONDS = 0.05


class Isolated:
    """One function, its thread, and how it ended.

    Args:
        name: for the name of the thread.
        work: the function.
        until: moment of :func:`time.monotonic` at which it is cancelled.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[None]], until: float) -> None:
        self.name = name
        self.until = until
        self.error: BaseException | None = None
        self.seconds = 0.0
        self.cancelled = False
        self._work = work
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._cancel_scope: Callable[[], object] | None = None
        self._thread: threading.Thread | None = None

    @property
    def ended(self) -> bool:
        """True once the function has returned or raised."""
        return self._ended.is_set()

    @property
    def lingers(self) -> bool:
        """True while its thread lives, also after the function ended."""
        if self._thread is None:
            return False
        self._thread.join(_POLL_SECONDS)
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread; one that cannot be started ends with that error."""
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"collector {self.name}", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            self._thread = None
            self._end(error)

    def cancel(self) -> None:
        """Ask the function to end."""
        with self._lock:
            self.cancelled = True
            if self._cancel_scope is not None:
                with suppress(RuntimeError):  # the loop is closed: it has ended
                    self._cancel_scope()

    def wait(self, seconds: float) -> bool:
        """Wait for the end, at most so long; True when it has come."""
        return self._ended.wait(max(0.0, seconds))

    def leave(self) -> None:
        """Give up on a function that does not end."""
        if not self.ended:
            self.seconds = time.monotonic() - self._started

    def _run(self) -> None:
        try:
            anyio.run(self._main, backend="asyncio")
        except BaseException as error:  # noqa: BLE001 -- whatever foreign code raises ends here
            self._end(error)

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            with anyio.CancelScope() as scope:
                with self._lock:
                    self._cancel_scope = lambda: loop.call_soon_threadsafe(scope.cancel)
                    if self.cancelled:
                        scope.cancel()
                await self._work()
        except BaseException as error:  # noqa: BLE001 -- whatever foreign code raises ends here
            self._end(error)
        else:
            if not scope.cancelled_caught:
                self.cancelled = False
            self._end(None)

    def _end(self, error: BaseException | None) -> None:
        if not self._ended.is_set():
            self.error = error
            self.seconds = time.monotonic() - self._started
            self._ended.set()


def run_isolated(
    tasks: Sequence[Isolated],
    *,
    stop: threading.Event | None = None,
    on_poll: Callable[[], None] | None = None,
) -> None:
    """Run all and return when each has ended or was left behind.

    Args:
        tasks: not yet started.
        stop: cancels all when it is set, for example by a signal handler.
        on_poll: called about 20 times a second in the calling thread.
    """
    for task in tasks:
        task.start()
    try:
        waiting = list(tasks)
        while waiting and not (stop is not None and stop.is_set()):
            waiting[0].wait(_POLL_SECONDS)
            if on_poll is not None:
                on_poll()
            waiting = [task for task in waiting if not _is_over(task)]
    finally:
        left = [task for task in tasks if not task.ended]
        for task in left:
            task.cancel()
        last = time.monotonic() + GRACE_SECONDS
        for task in left:
            if not task.wait(last - time.monotonic()):
                task.leave()
    if on_poll is not None:
        on_poll()


def _is_over(task: Isolated) -> bool:
    """Cancel a task at its moment; tell whether it has ended or is to be left behind."""
    now = time.monotonic()
    if not task.ended and now >= task.until and not task.cancelled:
        task.cancel()
    return task.ended or now >= task.until + GRACE_SECONDS
