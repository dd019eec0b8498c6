"""Every illness of an API server ends as what was seen, what was not, and why."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from collectors.kubernetes.api_server import TOKEN, ApiServer, Reply, api_server, page, pod, refusal
from dotmac_diagnose import Bundle, Targets, collect
from dotmac_diagnose.facts.kubernetes import Pod, ResourceList

PODS = "/api/v1/pods"


def collected(server: ApiServer, folder: Path, *, deadline: float = 20.0, **more: list[str]) -> Bundle:
    return collect(Targets(kubeconfig=server.kubeconfig(folder), **more), deadline=deadline)


def pods_of(bundle: Bundle) -> set[str]:
    return {item.values.pod for item in bundle.base.facts if isinstance(item.values, Pod)}


def list_of_pods(bundle: Bundle) -> ResourceList:
    (found,) = [
        item.values
        for item in bundle.base.facts
        if isinstance(item.values, ResourceList) and item.values.list_of == "pods"
    ]
    return found


def outcome(bundle: Bundle) -> tuple[str, str]:
    (found,) = [item for item in bundle.outcomes if item.collector == "kubernetes"]
    return found.status.value, found.reason or ""


def test_pages_are_joined_and_only_read(tmp_path: Path) -> None:
    def answer(path: str, query: dict[str, str], _: int) -> Reply | None:
        if path == PODS:
            return page([pod("b")]) if query.get("continue") == "next" else page([pod("a")], "next")
        return None

    with api_server(answer) as server:
        bundle = collected(server, tmp_path)
    assert pods_of(bundle) == {"shop/a", "shop/b"}
    assert list_of_pods(bundle).complete
    assert server.verbs == {"GET"}
    assert server.tokens == {f"Bearer {TOKEN}"}
    assert outcome(bundle)[0] == "ok"
    assert bundle.base.context == "lab"


def test_the_token_is_in_no_bundle(tmp_path: Path) -> None:
    def answer(path: str, _: dict[str, str], __: int) -> Reply | None:
        return Reply(200, f"echo {TOKEN}".encode()) if path.endswith("/log") else page([pod("a")])

    with api_server(answer) as server:
        bundle = collected(server, tmp_path)
    bundle.write(tmp_path / "b")
    assert not any(TOKEN.encode() in path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file())


def test_a_page_that_expired_leaves_a_partial_list(tmp_path: Path) -> None:
    def answer(path: str, query: dict[str, str], _: int) -> Reply | None:
        if path != PODS:
            return None
        return refusal(410, "Expired") if "continue" in query else page([pod("a")], "next")

    with api_server(answer) as server:
        bundle = collected(server, tmp_path)
    assert pods_of(bundle) == {"shop/a"}
    assert not list_of_pods(bundle).complete


def test_busy_and_failing_moments_are_waited_out(tmp_path: Path) -> None:
    def answer(path: str, _: dict[str, str], count: int) -> Reply | None:
        if path == PODS:
            return [refusal(429, "TooManyRequests"), refusal(500, "InternalError"), page([pod("a")])][min(count, 2)]
        return None

    with api_server(answer) as server:
        bundle = collected(server, tmp_path)
    assert pods_of(bundle) == {"shop/a"}
    assert server.asked[PODS] == 3


def test_what_is_forbidden_is_denied_and_the_rest_is_read(tmp_path: Path) -> None:
    def answer(path: str, _: dict[str, str], __: int) -> Reply | None:
        if path == "/api/v1/secrets":
            return refusal(403, "Forbidden", "secrets is forbidden")
        return page([pod("a")]) if path == PODS else None

    with api_server(answer) as server:
        bundle = collected(server, tmp_path)
    assert pods_of(bundle) == {"shop/a"}
    assert bundle.base.coverage("secrets", "namespace/shop").reason == "denied"


def test_nothing_allowed_is_denied(tmp_path: Path) -> None:
    with api_server(lambda *_: refusal(403, "Forbidden", "may not")) as server:
        status, reason = outcome(collected(server, tmp_path))
    assert status in {"denied", "partial"}
    assert "403" in reason


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"items": 5, "metadata": []}'])
def test_garbage_is_no_list(tmp_path: Path, body: bytes) -> None:
    with api_server(lambda path, *_: Reply(200, body) if path == PODS else None) as server:
        bundle = collected(server, tmp_path)
    assert pods_of(bundle) == set()
    assert not bundle.base.coverage("pods", "namespace/shop").known


def test_a_server_that_never_answers_ends_inside_the_deadline(tmp_path: Path) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        server = ApiServer(deaf.getsockname()[1])
        status, reason = outcome(collected(server, tmp_path, deadline=6.0))
    assert status in {"unavailable", "timeout"}
    assert reason


def test_a_dead_server_is_unavailable(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    status, reason = outcome(collected(ApiServer(port), tmp_path))
    assert status == "unavailable"
    assert "does not answer" in reason


def test_redirects_are_not_followed(tmp_path: Path) -> None:
    with (
        api_server(lambda *_: None) as other,
        api_server(
            lambda *_: Reply(302, b"", headers=(("Location", f"http://127.0.0.1:{other.port}/api/v1/pods"),))
        ) as server,
    ):
        collected(server, tmp_path)
    assert not other.asked


def test_a_scope_is_asked_for_by_namespace(tmp_path: Path) -> None:
    with api_server(lambda path, *_: page([pod("a")]) if path.endswith("/shop/pods") else None) as server:
        bundle = collected(server, tmp_path, namespaces=["shop"])
    assert pods_of(bundle) == {"shop/a"}
    assert PODS not in server.asked
    assert "/api/v1/namespaces/kube-system/pods" in server.asked
