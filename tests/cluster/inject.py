"""One fault: put in, seen to happen, taken out again.

A fault is an entry of `faults/*.yaml`:

    id, truth, accept, notes     as in truth.yaml of a recording
    inject                       steps, in order: {patch: KIND/NAME, with: ...}, {json: KIND/NAME, with: [...]},
                                 {apply: [objects]}, {delete: KIND/NAME}, {sh: COMMAND, undo: COMMAND}
    seen                         {sh: COMMAND} that succeeds, {event: REGEX} or {log: APP, matches: REGEX}
    settle                       seconds that the fault then lasts before it is recorded (default 8)

What patch, apply and delete change is kept and put back; a command needs its own undo.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from cluster.lab import NAMESPACE, STATE, environment, kubectl, objects

Step = dict[str, Any]
Undo = Callable[[], object]
WITHOUT_NAMESPACE = {
    "IngressClass", "Namespace", "PersistentVolume", "PriorityClass", "StorageClass", "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration",
}  # fmt: skip
VOLATILE = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "deletionTimestamp")


def shell(command: str, *, check: bool = True) -> int:
    """Runs COMMAND with $N (the namespace), $CLUSTER (cluster.sh) and $TLS (its certificates); its exit code."""
    names = {"N": NAMESPACE, "CLUSTER": str(Path(__file__).with_name("cluster.sh")), "TLS": str(STATE / "tls")}
    done = subprocess.run(
        ["bash", "-c", command], env=environment() | names, capture_output=True, text=True, timeout=150, check=False
    )
    if check and done.returncode:
        raise RuntimeError(f"{command[:200]}: exit {done.returncode}: {done.stderr.strip()[:400]}")
    return done.returncode


def scope(item: dict[str, Any]) -> list[str]:
    return ["-n", item["metadata"]["namespace"]] if "namespace" in item["metadata"] else []


def target(name: str) -> list[str]:
    """kubectl arguments for [NAMESPACE:]KIND/NAME."""
    namespace, _, rest = name.rpartition(":")
    return [rest, "-n", namespace or NAMESPACE]


def kept(name: str) -> dict[str, Any]:
    """The object as it can be put back."""
    found = json.loads(kubectl("get", *target(name), "-o", "json"))
    for field in VOLATILE:
        found["metadata"].pop(field, None)
    found.pop("status", None)
    return dict(found)


def put_back(item: dict[str, Any]) -> None:
    text = json.dumps(item)
    try:
        kubectl("replace", "-f", "-", given=text)
    except RuntimeError as error:
        if "NotFound" not in str(error) and "not found" not in str(error):
            raise
        kubectl("create", "-f", "-", given=text)


def remove(item: dict[str, Any]) -> None:
    named = [item["kind"].lower(), item["metadata"]["name"], *scope(item)]
    kubectl("delete", *named, "--ignore-not-found", "--wait=false")


def apply(items: list[dict[str, Any]], undo: list[Undo]) -> None:
    for item in items:
        if item["kind"] not in WITHOUT_NAMESPACE:
            item["metadata"].setdefault("namespace", NAMESPACE)
        place = f"{item['metadata'].get('namespace', '')}:{item['kind'].lower()}/{item['metadata']['name']}"
        there = kubectl("get", *target(place), "-o", "name", check=False).strip()
        undo.append(partial(put_back, kept(place)) if there else partial(remove, item))
        kubectl("apply", "-f", "-", given=json.dumps(item))


def perform(step: Step, undo: list[Undo]) -> None:
    """Does one step; what takes it back is noted first, because half of a step may be done when it fails."""
    if "apply" in step:
        apply(step["apply"], undo)
        return
    if "sh" in step:
        if "undo" in step:
            undo.append(partial(shell, step["undo"], check=False))
        shell(step["sh"])
        return
    name = step.get("patch") or step.get("json") or step["delete"]
    undo.append(partial(put_back, kept(name)))
    if "delete" in step:
        kubectl("delete", *target(name), "--wait=false")
    else:
        form = "strategic" if "patch" in step else "json"
        kubectl("patch", *target(name), "--type", form, "-p", json.dumps(step["with"]))


def inject(fault: dict[str, Any], undo: list[Undo]) -> None:
    """Puts the fault in; the functions added to UNDO take it out, to be called in reverse order."""
    for step in fault.get("inject", []):
        perform(step, undo)


def seen(fault: dict[str, Any], since: str) -> bool:
    """Whether what the fault does can be seen; SINCE is the moment of the injection (RFC 3339)."""
    for wish in fault.get("seen", []):
        if "sh" in wish:
            happened = shell(wish["sh"], check=False) == 0
        elif "event" in wish:
            texts = [f"{event.get('reason')} {event.get('message')}" for event in objects("events", "-A")]
            happened = any(re.search(wish["event"], text) for text in texts)
        else:
            place = ["-n", NAMESPACE, "-l", f"app={wish['log']}", "--all-containers", "--ignore-errors"]
            command = ["logs", *place, "--since-time", since, "--tail=-1", "--prefix"]
            happened = re.search(wish["matches"], kubectl(*command, check=False)) is not None
        if not happened:
            return False
    return True


def wait_until_seen(fault: dict[str, Any], since: str) -> bool:
    """Waits up to `within` seconds (default 90); false when it never showed."""
    deadline = time.monotonic() + float(fault.get("within", 90))
    while not (happened := seen(fault, since)) and time.monotonic() < deadline:
        time.sleep(2)
    return happened
