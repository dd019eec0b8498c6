"""Every printed command parses and runs what it shows, and nothing else."""

from __future__ import annotations

import io
import json
import shlex
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from capture_forms import INCIDENTS, names, unpacked
from dotmac_diagnose.api import diagnose
from dotmac_diagnose.bundle import Bundle
from dotmac_diagnose.diagnosis import Diagnosis
from dotmac_diagnose.extract import extract
from printed_commands import FORBIDDEN, Recorders, commands_of, lines_of

sys.path.insert(0, str(Path(__file__).parent / "remedies"))
from evil_names import EVIL, HIDDEN

NAMESPACES = {"dotmac-production", "kube-system"}
CLUSTER_WIDE = ("nodes", "storageclasses", "uncordon", "cordon")
CONTEXT = "prod; touch PWNED'$(touch PWNED)"


GUILTY = (
    "image-tag-wrong",
    "service-selector-typo",
    "oom-at-limit",
    "configmap-key-missing",
    "untolerated-taint",
    "ephemeral-storage-evicted",
)
"""Incidents whose fixes hold names, containers, selectors and nodes."""


@pytest.fixture(scope="module")
def recorders(tmp_path_factory: pytest.TempPathFactory) -> Recorders:
    return Recorders.install(tmp_path_factory.mktemp("commands"))


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("objects")


def check_psql(words: list[str]) -> None:
    """Check a call of psql: no start-up file is read, and nothing but one statement or standard input follows."""
    assert words[0] == "-X"
    rest = words[3:] if words[1:3] == ["-v", "ON_ERROR_STOP=1"] else words[1:]
    assert rest == [] or (rest[0] == "-c" and len(rest) == 2), words


def check_redis_cli(words: list[str]) -> None:
    """Check a call of redis-cli: it names its server, and no password stands in it."""
    assert words[0] == "-u"
    assert words[1].startswith("redis://")
    assert "@" not in words[1]
    assert not {"-a", "--pass", "AUTH", "requirepass", "masterauth"} & set(words[2:])
    assert len(words) > 2


def check_call(call: list[str], context: str | None) -> None:
    """Check one recorded call: of kubectl its context and namespace; no word that is empty."""
    assert all(word.strip() for word in call)
    if call[0] == "psql":
        check_psql(call[1:])
        return
    if call[0] == "pg_ctl":
        assert call[1:] in (["start"], ["restart"])
        return
    if call[0] == "redis-cli":
        check_redis_cli(call[1:])
        return
    if call[0] == "sudo":
        assert call[1:3] in (["journalctl", "-u"], ["systemctl", "start"], ["systemctl", "stop"])
        return
    assert call[0] == "kubectl"
    words = call[1:]
    if context is not None:
        assert words[:2] == ["--context", context]
        words = words[2:]
    assert "--context" not in words
    if words[0] == "-n":
        assert words[1] in NAMESPACES
    else:
        assert set(words) & set(CLUSTER_WIDE), words
    nested = words[words.index("--") + 1 :] if "--" in words else []
    assert nested == [] or (words[words.index("-n") + 2] == "exec" and nested[0] == "psql")


@pytest.mark.parametrize("incident", names())
def test_what_is_printed_for_a_recording_runs(recorders: Recorders, incident: str) -> None:
    bundle = recorded_bundle(incident)
    for context in (None, CONTEXT) if incident in GUILTY else (None,):
        named = extract(bundle.documents, outcomes=bundle.outcomes, context=context)
        diagnosis = diagnose(named) if context is not None else recorded(incident)
        for command in commands_of(diagnosis):
            calls = recorders.run(command)
            words = shlex.split(command)
            if words[0] != "sh" and "|" not in words:
                assert calls == [words]
            assert len(calls) == 1
            check_call(calls[0], context)
        for fix in diagnosis.fixes:
            unknown = any("the capture does not name its context" in text for text in fix.preconditions)
            assert unknown == (context is None and any(step.tool == "kubectl" for step in fix.steps))


def test_every_cause_of_the_recordings_has_a_fix() -> None:
    printed = [line for name in names() for fix in recorded(name).fixes for line in lines_of(fix)]
    assert len(set(printed)) > 40
    for name in names():
        for cause in recorded(name).reported:
            assert cause.fixes, (name, cause.id)


@cache
def recorded_bundle(incident: str) -> Bundle:
    return Bundle.read(INCIDENTS / f"{incident}.tar.xz")


@cache
def recorded(incident: str) -> Diagnosis:
    return diagnose(recorded_bundle(incident))


@cache
def objects_of(incident: str, parent: Path) -> tuple[Any, ...]:
    folder = unpacked(incident, parent)
    files = sorted((folder / "kubectl").glob("*.json"))
    return tuple(item for path in files for item in json.loads(path.read_bytes())["items"])


def renamed(value: Any, evil: str, inside: tuple[str, ...]) -> Any:
    """Return a JSON value with evil in the place of names: of whole texts and keys, and inside of other texts."""
    if isinstance(value, str):
        if value in WHOLE:
            return evil
        for name in inside:
            value = value.replace(name, evil)
        return value
    if isinstance(value, list):
        return [renamed(item, evil, inside) for item in value]
    if isinstance(value, dict):
        return {
            renamed(key, evil, inside) if key in WHOLE else key: renamed(item, evil, inside)
            for key, item in value.items()
        }
    return value


WHOLE = ("api", "worker", "dotmac-api", "dotmac-api-v2", "dotmac-worker", "WORKER_QUEUE", "LOG_LEVEL")
"""Containers, label values, selectors and configuration keys."""

INSIDE = ("dotmac-api", "dotmac-worker", "node-2")
"""Names of objects, owners, pods, images and nodes, which other texts hold."""


def diagnosed(incident: str, evil: str, parent: Path, *, names: bool) -> Diagnosis:
    """Diagnose a recording in which texts are replaced, the names of objects among them or not."""
    items = []
    for item in objects_of(incident, parent):
        changed = renamed(item, evil, INSIDE if names else ())
        if not names:
            changed["metadata"]["name"] = item["metadata"]["name"]
            if "ownerReferences" in item["metadata"]:
                changed["metadata"]["ownerReferences"] = item["metadata"]["ownerReferences"]
            if "scaleTargetRef" in item.get("spec", {}):
                changed["spec"]["scaleTargetRef"] = item["spec"]["scaleTargetRef"]
        items.append(changed)
    stream = io.BytesIO(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}).encode())
    return diagnose(Bundle.read("-", stdin=stream))


def shows(diagnosis: Diagnosis, evil: str) -> bool:
    return any(evil in word for command in commands_of(diagnosis) for word in shlex.split(command))


@pytest.mark.parametrize("number", range(len(EVIL)))
def test_no_name_escapes_from_a_command(recorders: Recorders, objects: Path, number: int) -> None:
    evil = EVIL[number]
    diagnosis = diagnosed(GUILTY[number % len(GUILTY)], evil, objects, names=" " not in evil)
    assert commands_of(diagnosis)
    for command in commands_of(diagnosis):
        calls = recorders.run(command)
        assert calls == [shlex.split(command)]
        assert calls[0][0] not in FORBIDDEN
        check_call(calls[0], None)


@pytest.mark.parametrize(
    ("evil", "incident", "in_names"),
    [
        ("x';touch${IFS}PWNED;'", "image-tag-wrong", True),
        ("`touch${IFS}PWNED`", "oom-at-limit", False),
        ("$(touch PWNED)", "service-selector-typo", False),
        ("a>b", "untolerated-taint", True),
        ("'; touch PWNED; '", "service-selector-typo", False),
    ],
)
def test_evil_names_do_reach_commands(objects: Path, evil: str, incident: str, in_names: bool) -> None:
    assert shows(diagnosed(incident, evil, objects, names=in_names), evil)


@pytest.mark.parametrize("evil", HIDDEN, ids=ascii)
def test_a_name_that_hides_something_is_in_no_command(recorders: Recorders, objects: Path, evil: str) -> None:
    diagnosis = diagnosed("image-tag-wrong", evil, objects, names=True)
    for command in commands_of(diagnosis):
        assert evil not in command
        assert command.isprintable()
        assert recorders.run(command) == [shlex.split(command)]


def test_a_name_with_a_line_break_is_refused(objects: Path) -> None:
    diagnosis = diagnosed("image-tag-wrong", "line\nbreak", objects, names=True)
    assert not any("break" in command for command in commands_of(diagnosis))
    assert any("have no usable name" in (item.reason or "") for item in diagnosis.collectors)


def test_a_name_that_turns_the_text_around_is_refused(objects: Path) -> None:
    diagnosis = diagnosed("image-tag-wrong", "rlo\u202egnp", objects, names=True)
    steps = [step for fix in diagnosis.fixes for step in fix.steps]
    refused = [step for step in steps if "holds the invisible character U+202E" in step.run]
    assert refused
    assert {step.tool for step in refused} == {"manual"}


def test_a_label_with_a_line_break_is_written_as_its_escape(recorders: Recorders, objects: Path) -> None:
    diagnosis = diagnosed("service-selector-typo", "line\nbreak", objects, names=False)
    patches = [command for command in commands_of(diagnosis) if " patch service " in command]
    assert patches
    for command in patches:
        assert command.isprintable()
        (call,) = recorders.run(command)
        assert json.loads(call[-1]) == {"spec": {"selector": {"app": "line\nbreak"}}}
