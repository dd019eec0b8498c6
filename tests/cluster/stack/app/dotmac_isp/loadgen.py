"""A few users: RATE requests a second to TARGET_URL, what they see in the log."""

from __future__ import annotations

import itertools
import os
import random
import statistics
import time

import httpx

from . import logs

log = logs.start("loadgen")
REQUESTS = (
    ("GET", "/api/v1/customers"),
    ("POST", "/auth/login"),
    ("PUT", "/api/v1/customers/{customer}/touch"),
    ("GET", "/portal/me"),
    ("POST", "/api/v1/jobs"),
    ("GET", "/api/v1/customers"),
    ("GET", "/api/v1/invoices/report"),
    ("GET", "/portal/me"),
)
PERIOD = 10.0


class Client:
    """Sends one request after another and keeps the token of the last login."""

    def __init__(self) -> None:
        self.http = httpx.Client(base_url=os.environ["TARGET_URL"], verify=os.environ.get("CA_FILE", True), timeout=8)
        self.token = ""

    def send(self, method: str, path: str) -> str:
        """What went wrong, or nothing."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = self.http.request(method, path.format(customer=random.randint(1, 5)), headers=headers)
        except httpx.HTTPError as error:
            log.warning("request failed: %s: %s", type(error).__name__, error)
            return f"{type(error).__name__}: {error}"
        if answer.status_code == 200:
            self.token = answer.json()["access_token"] if path == "/auth/login" else self.token
            return ""
        log.warning("%s %s -> %d %s", method, path, answer.status_code, " ".join(answer.text.split())[:150])
        return f"{method} {path} {answer.status_code}"


def main() -> None:
    client, pause = Client(), 1 / float(os.environ.get("RATE", "4"))
    times: list[float] = []
    failures: list[str] = []
    said = time.monotonic()
    for method, path in itertools.cycle(REQUESTS):
        began = time.monotonic()
        if failure := client.send(method, path):
            failures.append(failure)
        times.append((time.monotonic() - began) * 1000)
        if time.monotonic() - said >= PERIOD:
            last = f" last_error={failures[-1]}" if failures else ""
            slow = statistics.quantiles([*times, times[-1]], n=20)[-1]
            log.info(
                "requests=%d ok=%d errors=%d p50=%.0fms p95=%.0fms%s",
                len(times), len(times) - len(failures), len(failures), statistics.median(times), slow, last,
            )  # fmt: skip
            times, failures, said = [], [], time.monotonic()
        time.sleep(max(0.0, pause - (time.monotonic() - began)))


if __name__ == "__main__":
    main()
