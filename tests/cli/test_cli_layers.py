from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from dotmac_diagnose.cli.selection import matches

if TYPE_CHECKING:
    from cli.conftest import Run

CAUSE = "kubernetes.image_not_found"
PLACE = "deployment/dotmac-production/dotmac-api"


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("kubernetes.pod", (), True),
        ("kubernetes.pod", ("kubernetes",), True),
        ("kubernetes.pod", ("kube",), False),
        ("kubernetes.pod", ("*.pod", "x"), True),
        ("deployment/shop/api", ("deployment/shop",), True),
        ("deployment/shopping/api", ("deployment/shop",), False),
        ("deployment/shop/api", ("deployment/shop/api",), True),
        ("deployment/shop/api", ("*/api",), True),
        ("deployment/shop/api", ("pod",), False),
    ],
)
def test_what_is_wanted(text: str, wanted: tuple[str, ...], *, expected: bool) -> None:
    assert matches(text, wanted) is expected


def test_facts_for_people_are_grouped_by_entity(run: Run, incident: Path) -> None:
    result = run("facts", incident, "--entity", PLACE, "--kind", "kubernetes.container")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == PLACE
    assert lines[1].startswith("  kubernetes.container pod=dotmac-production/dotmac-api-")
    assert "waiting_reason=ImagePullBackOff" in result.out
    assert all(len(line) <= 80 for line in lines)
    assert "from kubectl/pods.json" in run("facts", incident, "--entity", PLACE, "-v").out


def test_facts_for_pipes_are_json_lines(run: Run, incident: Path) -> None:
    everything = records(run("facts", incident, "--format", "json").out)
    assert len(everything) > 100
    keys = ["kind", "entity", "status", "values", "vantage", "observed_at", "collector", "source", "evidence", "reason"]
    assert all(list(item) == keys for item in everything)
    some = records(run("facts", incident, "--format", "json", "--kind", "kubernetes.event", "--status", "ok").out)
    assert {item["kind"] for item in some} == {"kubernetes.event"}


def test_relations_can_be_printed(run: Run, incident: Path) -> None:
    text = run("facts", incident, "--relations", "--kind", "selects", "--entity", PLACE).out
    assert text == f"service/dotmac-production/dotmac-api -selects-> {PLACE}\n"
    [item] = records(
        run("facts", incident, "--relations", "--format", "json", "--kind", "selects", "--entity", PLACE).out
    )
    assert item == {"type": "selects", "source": "service/dotmac-production/dotmac-api", "target": PLACE}


def test_nothing_that_matches_is_said_on_stderr(run: Run, incident: Path) -> None:
    assert run("facts", incident, "--kind", "no.such").err == "diagnose: no fact matches\n"
    assert run("findings", incident, "--kind", "no.such").err == "diagnose: no finding matches\n"


def test_findings_are_the_present_ones_unless_asked_otherwise(run: Run, incident: Path) -> None:
    present = records(run("findings", incident, "--format", "json").out)
    assert {item["status"] for item in present} == {"present"}
    found = next(item for item in present if item["finding"] == "kubernetes.message_image_not_found")
    assert found["entity"] == PLACE
    assert found["rule"].startswith("kubernetes.message_image_not_found#")
    assert found["facts"][0]["source"]
    decided = records(run("findings", incident, "--format", "json", "--status", "all", "--entity", PLACE).out)
    assert {item["status"] for item in decided} == {"present", "absent", "unknown"}
    assert all(item["reason"] for item in decided if item["status"] == "unknown")
    absent = records(run("findings", incident, "--format", "json", "--status", "absent", "--entity", PLACE).out)
    assert absent == [item for item in decided if item["status"] == "absent"]


def test_findings_for_people(run: Run, incident: Path) -> None:
    result = run("findings", incident)
    assert (result.code, result.err) == (0, "")
    assert PLACE in result.out.splitlines()
    assert "  present  kubernetes.message_image_not_found" in result.out.splitlines()
    assert max(map(len, result.out.splitlines())) <= 80
    assert "      fact kubernetes." in run("findings", incident, "-v").out


def test_both_rule_engines_give_the_same(run: Run, incident: Path) -> None:
    outputs = {
        run("findings", incident, "--format", "json", "--rule-engine", name).out for name in ("durable", "python")
    }
    assert len(outputs) == 1


def test_why_a_cause_is_believed(run: Run, incident: Path) -> None:
    result = run("explain", f"{CAUSE}@{PLACE}", "--in", incident)
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].startswith(f"{CAUSE} on {PLACE}")
    assert lines[0].endswith(" %")
    assert "    decisive " in result.out
    assert "    for      kubernetes.message_image_not_found: " in result.out
    assert "             rule kubernetes.message_image_not_found#0" in lines
    assert any(line.startswith("             from kubectl/pods.json, evidence/") for line in lines)
    assert 'waiting_message="Back-off pulling image' in result.out
    assert " dB" in result.out
    assert "    missing  " in result.out


def test_the_last_part_of_a_name_is_enough(run: Run, incident: Path) -> None:
    assert (
        run("explain", f"{CAUSE}@dotmac-api", "--in", incident).out
        == run("explain", f"{CAUSE}@{PLACE}", "--in", incident).out
    )


def test_why_a_cause_is_not_believed(run: Run, incident: Path) -> None:
    result = run("explain", f"kubernetes.memory_limit_too_small@{PLACE}", "--in", incident)
    assert result.code == 0
    assert result.out.splitlines()[0].startswith("kubernetes.memory_limit_too_small on")
    assert "    for      nothing was found" in result.out.splitlines()
    assert "    absent   " in result.out
    assert "kubernetes.oom_killed" in result.out


def test_without_an_entity_the_most_probable_come_first(run: Run, incident: Path) -> None:
    result = run("explain", CAUSE, "--in", incident)
    heads = [line for line in result.out.splitlines() if line.startswith(f"{CAUSE} on")]
    assert len(heads) == 3
    assert PLACE in heads[0]
    assert "less probable entities left out (-v prints them)" in result.err


def test_an_unknown_entity_lists_near_ones(run: Run, incident: Path) -> None:
    result = run("explain", f"{CAUSE}@deployment/dotmac-production/dotmac-apii", "--in", incident)
    assert result.code == 2
    assert PLACE in result.err


def test_an_unknown_cause_says_what_may_be_meant(run: Run) -> None:
    assert CAUSE in run("explain", "kubernetes.image_not_fund").err


def test_an_entity_needs_saved_data(run: Run) -> None:
    result = run("explain", f"{CAUSE}@{PLACE}")
    assert result.code == 2
    assert "--in PATH" in result.err


def test_without_saved_data_the_page_of_the_cause_is_printed(run: Run) -> None:
    result = run("explain", CAUSE)
    assert (result.code, result.err) == (0, "")
    assert result.out == run("kb", "show", CAUSE).out
    for heading in ("Meaning", "Evidence", "Fixes"):
        assert heading in result.out.splitlines()


def test_the_list_of_causes(run: Run) -> None:
    lines = run("kb", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(line.split()[0] for line in lines)
    assert any(line.startswith(f"{CAUSE} ") and "P1 incident workload" in line for line in lines)


def test_the_list_by_section_and_area(run: Run) -> None:
    found = records(run("kb", "list", "--section", "findings", "--area", "kubernetes", "--format", "json").out)
    assert {item["section"] for item in found} == {"findings"}
    assert all(item["id"].startswith("kubernetes.") for item in found)
    assert "Areas: " in run("kb", "list", "--area", "nowhere").err


@pytest.mark.parametrize("section", ["causes", "states", "findings", "fixes"])
def test_every_kind_of_entry_has_a_page(section: str, run: Run) -> None:
    first = run("kb", "list", "--section", section).out.split()[0]
    result = run("kb", "show", first)
    assert result.code == 0
    assert first in result.out


def test_an_unknown_entry_is_a_usage_error(run: Run) -> None:
    result = run("kb", "show", "kubernetes.image_not_fund")
    assert result.code == 2
    assert CAUSE in result.err


@pytest.mark.parametrize("name", ["report", "facts", "causes", "states", "findings", "fixes"])
def test_every_schema_is_json(name: str, run: Run) -> None:
    schema = json.loads(run("kb", "schema", name).out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_report_fits_its_schema(run: Run, incident: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(run("kb", "schema", "report").out)
    jsonschema.validate(json.loads(run("analyze", incident, "--format", "json").out), schema)


def test_the_lint_names_every_problem_with_its_place(run: Run, tmp_path: Path) -> None:
    area = tmp_path / "kubernetes"
    area.mkdir()
    (area / "causes.yaml").write_text(
        "kubernetes.made_up_for_this_test:\n  entity: workload\n  title: A made up cause\n  severity: P3\n"
        "  decisive: nothing\n"
    )
    result = run("kb", "lint", "--knowledge", tmp_path)
    lines = result.out.splitlines()
    assert any("kubernetes/causes.yaml:1:1: " in line and " KB1" in line for line in lines)
    assert lines[-1].split()[1] == "errors,"


def test_the_lint_lists_every_prior_that_somebody_chose(run: Run, tmp_path: Path) -> None:
    (tmp_path / "kubernetes").mkdir()
    (tmp_path / "kubernetes" / "causes.yaml").write_text(
        "kubernetes.made_up_for_this_test:\n  entity: workload\n  title: A made up cause\n  severity: P3\n"
        "  decisive: nothing\n  prior: exotic\n  prior_reason: seen once in ten years\n"
    )
    knowledge = Path(__file__).parents[2] / "knowledge"
    default = yaml.safe_load((knowledge / "scale.yaml").read_text())["default_prior"]
    chosen = {
        f"prior {cause['prior']} of {name}: {cause['prior_reason']}"
        for path in knowledge.glob("*/causes.yaml")
        for name, cause in yaml.safe_load(path.read_text()).items()
        if cause.get("prior", default) != default
    }
    assert chosen
    lines = run("kb", "lint", "--knowledge", tmp_path).out.splitlines()
    assert {line for line in lines if line.startswith("prior ")} == chosen | {
        "prior exotic of kubernetes.made_up_for_this_test: seen once in ten years"
    }


def test_a_pack_that_does_not_load_lists_all_problems_and_is_exit_2(run: Run, tmp_path: Path, incident: Path) -> None:
    area = tmp_path / "kubernetes"
    area.mkdir()
    (area / "causes.yaml").write_text("kubernetes.a_cause:\n  titel: x\nkubernetes.other:\n  severity: P9\n")
    for arguments in (["kb", "lint"], ["analyze", incident], ["version"]):
        result = run(*arguments, "--knowledge", tmp_path)
        assert (result.code, result.out) == (2, "")
        assert all(line.startswith("diagnose: error: ") for line in result.err.splitlines())
        assert "titel" in result.err
        assert "kubernetes/causes.yaml:1:1: " in result.err
        assert "kubernetes/causes.yaml:4:13: " in result.err


def test_the_versions(run: Run) -> None:
    result = run("version")
    assert (result.code, result.err) == (0, "")
    assert [line.split()[0] for line in result.out.splitlines()] == ["diagnose", "knowledge", "rule", "python"]
