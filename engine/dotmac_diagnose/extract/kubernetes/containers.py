"""Facts of containers: present state, last exit, limits and use."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from dotmac_diagnose.facts import Fact
from dotmac_diagnose.facts import kubernetes as kinds

from .harvest import about
from .json_access import Json, boolean, integer, mapping, mappings, text, texts
from .names import name_text
from .quantity import millicores, whole
from .snapshot import Snapshot
from .views import ContainerView, PodView

_COMMAND_LIMIT = 2000
_USERINFO = re.compile(r"(?<=://)[^\s/@]+@")
_SECRET_WORD = re.compile(r"(?i)(pass(?:word|wd|phrase)?|secret|token|api-?_?key|credential)s?$")
_SECRET_ASSIGNMENT = re.compile(
    r"(?i)^((?:--?)?[\w.-]*(?:pass(?:word|wd|phrase)?|secret|token|api-?_?key|credential)s?[=:]).+", re.DOTALL
)
_MARK = "<redacted>"


def container_facts(snapshot: Snapshot, pod: PodView) -> Iterator[Fact]:
    """Yield one fact ``kubernetes.container`` per container of a pod, init containers and sidecars too."""
    claims = _claim_volumes(pod.item.spec)
    for container in pod.containers:
        yield about(pod.entity, _container(snapshot, pod, container, claims), pod.item)


def _container(
    snapshot: Snapshot, pod: PodView, container: ContainerView, claims: Mapping[str, str]
) -> kinds.Container:
    spec, end = container.spec, container.last_exit
    standing = snapshot.standing_of(pod)
    security, shared = mapping(spec.get("securityContext")), mapping(pod.item.spec.get("securityContext"))
    resources = mapping(spec.get("resources"))
    limits, requests = mapping(resources.get("limits")), mapping(resources.get("requests"))
    key = (pod.namespace, pod.item.name, container.name)
    ran = None
    if end is not None and end.started_at is not None and end.finished_at is not None:
        ran = max(0.0, (end.finished_at - end.started_at).total_seconds())
    return kinds.Container(
        pod=pod.key,
        container=container.name,
        role=container.role,
        image=text(spec.get("image"), 1000),
        image_pull_policy=text(spec.get("imagePullPolicy"), 40),
        state=container.state,
        ready=container.ready,
        restart_count=container.restarts,
        waiting_reason=container.waiting_reason,
        waiting_message=container.waiting_message,
        exit_code=end.code if end else None,
        exit_signal=end.signal if end else None,
        exit_reason=end.reason if end else None,
        exit_message=end.message if end else None,
        exit_seconds=snapshot.age(end.finished_at) if end else None,
        run_seconds=ran,
        running_seconds=snapshot.age(container.started_at),
        pod_finished=pod.finished,
        superseded=standing.superseded,
        pod_newest=standing.newest,
        memory_limit_bytes=whole(limits.get("memory")),
        memory_request_bytes=whole(requests.get("memory")),
        cpu_limit_millicores=millicores(limits.get("cpu")),
        cpu_request_millicores=millicores(requests.get("cpu")),
        memory_working_set_bytes=snapshot.usage.memory.get(key),
        cpu_usage_millicores=snapshot.usage.cpu.get(key),
        cpu_limit_used_percent=_percent(snapshot.usage.cpu.get(key), millicores(limits.get("cpu"))),
        command=command_line([*texts(spec.get("command")), *texts(spec.get("args"))]),
        run_as_non_root=boolean(security.get("runAsNonRoot", shared.get("runAsNonRoot"))),
        run_as_user=integer(security.get("runAsUser", shared.get("runAsUser"))),
        fs_group=integer(shared.get("fsGroup")),
        writable_claims=_writable_claims(claims, spec) if claims else None,
    )


def _percent(used: int | None, limit: int | None) -> float | None:
    return round(100.0 * used / limit, 1) if used is not None and limit else None


def command_line(words: Sequence[str]) -> str | None:
    """Return words as one shell-quoted line with secrets masked; None without words.

    Documents are redacted before they come here; the mask also covers what a rule missed.
    """
    if not words:
        return None
    shown: list[str] = []
    hide_next = False
    for word in words:
        if hide_next and not word.startswith("-"):
            shown.append(_MARK)
            hide_next = False
            continue
        hide_next = word.startswith("-") and "=" not in word and _SECRET_WORD.search(word) is not None
        if "://" in word:
            word = _USERINFO.sub(f"{_MARK}@", word)
        shown.append(_SECRET_ASSIGNMENT.sub(rf"\1{_MARK}", word) if "=" in word or ":" in word else word)
    return text(shlex.join(shown), _COMMAND_LIMIT)


def _claim_volumes(spec: Json) -> dict[str, str]:
    """Return the claims that a pod may write to, by the name of the volume."""
    found = {}
    for volume in mappings(spec.get("volumes")):
        claim = volume.get("persistentVolumeClaim")
        if isinstance(claim, dict) and not boolean(claim.get("readOnly")):
            name, target = name_text(volume.get("name")), name_text(claim.get("claimName"))
            if name is not None and target is not None:
                found[name] = target
    return found


def _writable_claims(claims: Mapping[str, str], spec: Json) -> str | None:
    mounted = {
        claims.get(name_text(mount.get("name")) or "")
        for mount in mappings(spec.get("volumeMounts"))
        if not boolean(mount.get("readOnly"))
    }
    return ",".join(sorted(name for name in mounted if name)) or None
