from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from dotmac_diagnose.diagnosis import Diagnosis
from dotmac_diagnose.errors import UsageError
from dotmac_diagnose.facts.entity import NAMESPACED_TYPES, WORKLOAD_TYPES
from dotmac_diagnose.knowledge import default_folder, load_knowledge, parse_path
from dotmac_diagnose.knowledge.files import read_folder
from dotmac_diagnose.knowledge.schema import SCHEMAS, report_schema
from dotmac_diagnose.knowledge.view import page, rows
from dotmac_diagnose.knowledge.yaml_tree import parse_yaml

if TYPE_CHECKING:
    from knowledge_folder import Folder

    from dotmac_diagnose.knowledge.files import SourceFile

ROOT = Path(__file__).resolve().parents[2]
ALL = {**SCHEMAS, "report": lambda: report_schema(Diagnosis)}


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_committed_schema_is_current(name: str):
    """If it fails: diagnose kb schema NAME > docs/schema/NAME.json."""
    committed = json.loads((ROOT / "docs/schema" / f"{name}.json").read_text(encoding="utf-8"))
    assert committed == ALL[name]()
    jsonschema.Draft202012Validator.check_schema(committed)


def files():
    found, problems = read_folder(default_folder())
    assert not problems
    return [file for file in found if file.kind not in ("errata", "lint")]


@pytest.mark.parametrize("file", files(), ids=lambda file: file.name)
def test_a_knowledge_file_names_its_schema_and_keeps_it(file: SourceFile):
    first = file.data.decode().splitlines()[0]
    up = "../../" if file.area else "../"
    assert first == f"# yaml-language-server: $schema={up}docs/schema/{file.kind}.json"
    root, problems = parse_yaml(file.data, file.name)
    assert not problems
    jsonschema.Draft202012Validator(ALL[file.kind]()).validate(root.data() if root else None)


def test_entity_types_agree_with_the_facts(folder: Folder):
    types = load_knowledge(base=folder.path, cache=False).entity_types
    assert {name for name, entry in types.items() if entry.is_a == "workload"} == WORKLOAD_TYPES
    concrete = {name for name, entry in types.items() if not entry.abstract}
    host_or_project = {"compose_service", "systemd_unit"}
    named = {name for name in concrete if types[name].name.startswith("<namespace>/")}
    assert named - host_or_project == NAMESPACED_TYPES


def test_a_fact_line_fits_the_schema():
    validator = jsonschema.Draft202012Validator(ALL["facts"]())
    line = {"kind": "kubernetes.pod", "entity": "deployment/shop/api", "status": "ok", "values": {"pod": "shop/api-1"}}
    validator.validate(line)
    assert not validator.is_valid({**line, "values": {"pdo": "x"}})
    assert not validator.is_valid({**line, "kind": "kubernetes.pdo"})


def test_a_page_tells_what_a_reader_asks(folder: Folder):
    folder.write(
        "a/more/causes.yaml",
        "a.other: {entity: deployment, title: Other, severity: P2, decisive: blue, "
        "look_alikes: [a.broken], no_fix: wait}\n",
    )
    knowledge = load_knowledge(base=folder.path, cache=False)
    shown = {part.heading: part.lines for part in page(knowledge, "a.broken").parts}
    assert shown["Meaning"] == ("It is broken", "Decisive: the light is red")
    assert shown["Impact"] == ("It is down",)
    assert shown["Evidence"] == ("+40 dB  a.red_light: The light is red (through a.down)",)
    assert shown["Look-alikes"] == ("a.other: blue",)
    assert shown["Fixes"] == ("a.repair: Repair it (cure, reversible)",)
    assert {part.heading: part.lines for part in page(knowledge, "a.other").parts}["Fixes"] == ("none: wait",)
    assert page(knowledge, "a.broken").lines()[:2] == ["It is broken", "a.broken  P1 incident on deployment"]


@pytest.mark.parametrize("name", ["a.down", "a.red_light", "a.repair"])
def test_every_sort_of_entry_has_a_page(folder: Folder, name: str):
    shown = page(load_knowledge(base=folder.path, cache=False), name)
    assert shown.id == name
    assert all(part.lines for part in shown.parts)
    assert shown.parts


def test_an_unknown_id_is_a_usage_error(folder: Folder):
    with pytest.raises(UsageError, match=r"did you mean 'a\.broken'"):
        page(load_knowledge(base=folder.path, cache=False), "a.brokn")


def test_the_list_is_sorted_and_filtered(folder: Folder):
    knowledge = load_knowledge(base=folder.path, cache=False)
    assert [(row.section, row.id) for row in rows(knowledge, ("causes", "fixes"))] == [
        ("causes", "a.broken"),
        ("fixes", "a.repair"),
    ]
    assert rows(knowledge, area="b") == []


@pytest.mark.parametrize(
    ("text", "many"),
    [("pod -runs_on-> node", False), ("node <-runs_on- pod", True), ("postgres <-runs- workload", False),
     ("workload -runs_on-> host <-is- node", False), ("service <-uses- workload", True)],
)  # fmt: skip
def test_a_path_knows_whether_it_fans_out(text: str, many: bool):
    assert parse_path(text).fans_out is many
    assert str(parse_path(text)) == text
