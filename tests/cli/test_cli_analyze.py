from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from cli.conftest import INCIDENTS, Run
from dotmac_diagnose.diagnosis import Diagnosis
from dotmac_diagnose.report import FORMATS
from dotmac_diagnose.report.printable import cell_width

if TYPE_CHECKING:
    from pathlib import Path

Start = Callable[..., subprocess.Popen[bytes]]
TITLE = "kubernetes.image_not_found"
PLACE = "deployment/dotmac-production/dotmac-api"


def test_the_report_names_the_cause_first(run: Run, incident: Path) -> None:
    result = run("analyze", incident)
    assert (result.code, result.err) == (1, "")
    first, second, *_ = result.out.splitlines()
    assert "dotmac-api" in first
    assert "%" in first
    assert TITLE in second
    assert f"evidence: {incident}" in result.out.replace("\n    ", " ")
    assert result.out.splitlines()[-1].startswith("exit 1 (")


def test_no_line_but_a_command_is_wider_than_80_columns(run: Run, incident: Path) -> None:
    wide = [line for line in run("analyze", incident).out.splitlines() if cell_width(line) > 80]
    assert all(line.startswith(" " * 13) and "kubectl" in line for line in wide)


@pytest.mark.parametrize("report_format", FORMATS)
def test_the_exit_code_is_the_same_for_every_format(
    report_format: str, run: Run, incident: Path, healthy: Path
) -> None:
    assert run("analyze", incident, "--format", report_format).code == 1
    assert run("analyze", incident, "--format", report_format, "--fail-on", "never").code == 0
    assert run("analyze", healthy, "--format", report_format).code == 0


def test_the_json_report_is_a_diagnosis(run: Run, incident: Path) -> None:
    found = Diagnosis.from_json(run("analyze", incident, "--format", "json").out)
    assert (found.causes[0].id, found.causes[0].entity.id) == (TITLE, PLACE)
    assert found.scope.inputs == [str(incident)]
    assert found.timings_ms.total > 0


def test_the_short_report_has_twelve_lines_at_most(run: Run, incident: Path) -> None:
    lines = run("analyze", incident, "--format", "short").out.splitlines()
    assert 1 < len(lines) <= 12
    assert PLACE in "\n".join(lines)


def test_a_healthy_platform_needs_nobody(run: Run, healthy: Path) -> None:
    result = run("analyze", healthy)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[0] == "nothing needs you"
    assert "examined and well: " in result.out


def test_the_threshold_decides_what_is_reported(run: Run, incident: Path) -> None:
    high = json.loads(run("analyze", incident, "--format", "json", "--min-confidence", "1.0").out)
    assert not any(cause["reported"] for cause in high["causes"] if cause["kind"] == "incident")
    low = json.loads(run("analyze", incident, "--format", "json", "--min-confidence", "0.1").out)
    assert low["causes"][0]["reported"]


def test_what_is_expected_changes_the_priors(run: Run, incident: Path) -> None:
    stamps = [
        json.loads(run("analyze", incident, "--format", "json", "--expect", word).out)["inference"]["expect"]
        for word in ("incident", "healthy")
    ]
    assert stamps == ["incident", "healthy"]


def test_every_option_can_come_from_the_environment(run: Run, incident: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIAGNOSE_FORMAT", "json")
    monkeypatch.setenv("DIAGNOSE_FAIL_ON", "never")
    monkeypatch.setenv("DIAGNOSE_EXPECT", "healthy")
    result = run("analyze", incident)
    assert result.code == 0
    assert json.loads(result.out)["inference"]["expect"] == "healthy"
    assert run("analyze", incident, "--format", "short", "--fail-on", "P3").code == 1


def test_a_variable_may_name_its_command(run: Run, incident: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIAGNOSE_ANALYZE_FORMAT", "json")
    assert json.loads(run("analyze", incident).out)["schema_version"] == 1


def test_a_wrong_variable_is_a_usage_error(run: Run, incident: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIAGNOSE_FAIL_ON", "P9")
    result = run("analyze", incident)
    assert result.code == 2
    assert result.err.startswith("diagnose: error: invalid value for '--fail-on'")


def test_a_file_gets_the_report_and_stdout_nothing(run: Run, incident: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    result = run("analyze", incident, "--format", "json", "-o", target)
    assert (result.code, result.out) == (1, "")
    assert Diagnosis.from_json(target.read_text("utf-8")).causes[0].id == TITLE
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_limit_is_named_with_its_option(run: Run, incident: Path) -> None:
    result = run("analyze", incident, "--max-input-bytes", "1k")
    assert result.code == 2
    assert "--max-input-bytes" in result.err


def test_a_scope_that_holds_nothing_is_an_error_that_lists_what_there_is(run: Run, incident: Path) -> None:
    result = run("analyze", incident, "-n", "nowhere")
    assert result.code == 2
    assert "dotmac-production" in result.err
    assert run("analyze", incident, "-n", "dotmac-production").code == 1


def test_verbose_tells_on_stderr_what_was_read(run: Run, incident: Path) -> None:
    result = run("analyze", incident, "-v")
    assert "facts" in result.err
    assert "rules " in result.err
    assert "    from " in result.out or "from kubernetes." in result.out


def test_standard_input_is_an_input(process: Start, incident: Path) -> None:
    started = process("analyze", "-", "--format", "short")
    out, err = started.communicate(incident.read_bytes(), timeout=60)
    assert (started.returncode, err) == (1, b"")
    assert PLACE.encode() in out


def test_the_same_bytes_in_every_process_and_for_every_order_of_inputs(process: Start) -> None:
    inputs = [INCIDENTS / "image-tag-wrong.tar.xz", INCIDENTS / "healthy-1.tar.xz"]
    seen = set()
    for seed, order in (("0", inputs), ("1", inputs[::-1])):
        started = process("analyze", *order, "--format", "json", PYTHONHASHSEED=seed)
        out, _ = started.communicate(timeout=120)
        report = json.loads(out)
        del report["timings_ms"]
        seen.add(json.dumps(report))
    assert len(seen) == 1


def test_what_cannot_be_judged_is_inconclusive(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "list.json"
    target.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": []}))
    result = run("analyze", target)
    assert result.code in {2, 3}
    if result.code == 3:
        assert "inconclusive" in result.out.splitlines()[-1]


@pytest.mark.parametrize("colour", [True, False])
def test_a_terminal_gets_colour_unless_it_is_refused(
    run: Run, incident: Path, monkeypatch: pytest.MonkeyPatch, *, colour: bool
) -> None:
    monkeypatch.setattr("dotmac_diagnose.cli.report_options.coloured", lambda _output, *, no_color: not no_color)
    monkeypatch.setenv("TERM", "xterm-256color")
    result = run("analyze", incident, *([] if colour else ["--no-color"]))
    assert ("\x1b[" in result.out) is colour


HOSTILE = "a\x1b[31m\x1b]8;;http://evil/\x1b\\b\u202ec\u200b[red]\nd\x9b2J"


def hostile_pods() -> str:
    """Return a pod list whose texts try to obey themselves at a terminal."""
    waiting = {"reason": "ImagePullBackOff", "message": f"Back-off pulling image {HOSTILE}: not found {HOSTILE * 50}"}
    status = {
        "name": f"api{HOSTILE}",
        "ready": False,
        "restartCount": 0,
        "image": HOSTILE,
        "state": {"waiting": waiting},
    }
    pod = {
        "metadata": {
            "name": f"web{HOSTILE}",
            "namespace": f"shop{HOSTILE}",
            "creationTimestamp": "2026-11-24T06:00:00Z",
        },
        "spec": {"containers": [{"name": f"api{HOSTILE}", "image": HOSTILE}], "nodeName": HOSTILE},
        "status": {"phase": "Pending", "containerStatuses": [status | {"state": {"waiting": waiting}}]},
    }
    return json.dumps({"apiVersion": "v1", "kind": "PodList", "items": [pod]})


@pytest.mark.parametrize(
    "arguments",
    [
        *(["analyze", "--format", name] for name in FORMATS),
        *([name, "--format", kind] for name in ("facts", "findings") for kind in ("text", "json")),
        ["facts", "--relations"],
        ["findings", "--status", "all"],
    ],
    ids=" ".join,
)
def test_a_hostile_capture_cannot_write_to_the_terminal(arguments: list[str], run: Run, tmp_path: Path) -> None:
    target = tmp_path / "pods.json"
    target.write_text(hostile_pods())
    result = run(*arguments, target, "-v")
    assert result.code in {0, 1, 3}
    shown = result.out + result.err
    assert [character for character in shown if not character.isprintable() and character != "\n"] == []


def test_a_damaged_member_costs_only_itself_and_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "pods.json").write_text(hostile_pods()[:-30])
    nodes = {"apiVersion": "v1", "kind": "NodeList", "items": [{"metadata": {"name": "worker-1"}, "status": {}}]}
    (tmp_path / "nodes.json").write_text(json.dumps(nodes))
    result = run("analyze", tmp_path)
    assert result.code in {0, 1, 3}
    assert "not seen: import: pods.json " in result.out
    members = json.loads(run("analyze", tmp_path, "--format", "json").out)["collectors"]
    assert any(item["id"] == "import:pods.json" and item["status"] in {"partial", "failed"} for item in members)
