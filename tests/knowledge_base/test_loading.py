from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dotmac_diagnose.errors import InputError, KnowledgeError
from dotmac_diagnose.knowledge import load_knowledge

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from knowledge_folder import Folder


def problems(folder: Folder, *packs: Path):
    with pytest.raises(KnowledgeError) as caught:
        load_knowledge(*packs, base=folder.path, cache=False)
    return [(p.code, p.file, p.line, p.column) for p in caught.value.problems], str(caught.value)


def only(folder: Folder, *packs: Path):
    found, text = problems(folder, *packs)
    assert len(found) == 1, text
    return found[0], text


def test_a_good_folder_loads(folder: Folder):
    knowledge = load_knowledge(base=folder.path, cache=False)
    assert list(knowledge.causes) == ["a.broken"]
    assert knowledge.fixes["a.repair"].for_ == ["a.broken"]
    assert len(knowledge.digest) == 64


STEPS = "steps: [{run: x, tool: shell}]}\n"
CAUSE = """\
a.new:
  entity: deployment
  title: New
  severity: P1
  decisive: d
"""


@pytest.mark.parametrize(
    ("file", "text", "code", "line", "column", "says"),
    [
        ("a/causes.yaml", "a.b: [1\n", "KB002", 2, 1, "syntax"),
        ("a/causes.yaml", "- a\n", "KB005", 1, 1, "mapping"),
        ("prefer.yaml", "a: b\n", "KB005", 1, 1, "list"),
        ("a/causes.yaml", CAUSE + "  title: Again\n", "KB003", 6, 3, "first in line 3"),
        ("a/causes.yaml", CAUSE + "  titel: x\n", "KB011", 6, 3, "did you mean 'title'"),
        ("a/causes.yaml", CAUSE.replace("  title: New\n", ""), "KB012", 1, 1, "'title'"),
        ("a/causes.yaml", CAUSE.replace("P1", "P9"), "KB010", 4, 13, "P9"),
        ("a/causes.yaml", CAUSE.replace("New", "[x]"), "KB010", 3, 10, "string"),
        ("a/causes.yaml", "a.new: 5\n", "KB010", 1, 1, "mapping"),
        ("a/causes.yaml", CAUSE.replace("a.new", "New Cause"), "KB013", 1, 1, "not an id"),
        ("a/causes.yaml", CAUSE.replace("a.new", "b.new"), "KB013", 1, 1, "folder"),
        ("a/causes.yaml", CAUSE.replace("a.new", "a.n\u0435w"), "KB013", 1, 1, "CYRILLIC SMALL LETTER IE"),
        ("a/cause.yaml", CAUSE, "KB015", 1, 1, "did you mean 'causes'"),
        ("entites.yaml", "types: {}\n", "KB015", 1, 1, "did you mean 'entities'"),
        ("a/causes.yaml", CAUSE + "  prior: seldom\n", "KB022", 6, 10, "rare"),
        ("a/causes.yaml", CAUSE + "  verdict: a.down\n", "KB021", 6, 12, "states"),
        ("a/causes.yaml", CAUSE + "  not_on: [service]\n", "KB023", 6, 12, "not a kind"),
        ("a/causes.yaml", CAUSE.replace("deployment", "deploymnet"), "KB023", 2, 11, "did you mean 'deployment'"),
        ("a/fixes.yaml", "a.f: {title: t, for: [a.x], risk: reversible, " + STEPS, "KB020", 1, 23, "a.x"),
        ("a/fixes.yaml", "a.f: {title: t, for: [], risk: reversible, " + STEPS, "KB010", 1, 22, "at least 1"),
        ("a/fixes.yaml", "a.f: {title: t, for: [a.broken], risk: bad, " + STEPS, "KB010", 1, 40, "destructive"),
        ("prefer.yaml", "- {first: a.broken, over: a.gone, when: always}\n", "KB020", 1, 27, "a.gone"),
    ],
)  # fmt: skip
def test_a_problem_has_its_place(folder: Folder, file: str, text: str, code: str, line: int, column: int, says: str):
    in_base = {"a/causes.yaml", "a/fixes.yaml"}
    # the same area in a folder below it, so that the small base stays whole
    target = file.replace("a/", "a/more/", 1) if file in in_base else file
    folder.write(target, text)
    found, message = only(folder)
    assert found == (code, target, line, column), message
    assert says in message


EDGES = [
    ("{to: a.gone, strength: often}", "KB020", "unknown state or finding"),
    ("{to: a.red_lihgt, strength: often}", "KB020", "did you mean 'a.red_light'"),
    ("{to: a.broken, strength: often}", "KB021", "is in causes"),
    ("{to: a.red_light, strength: oftn}", "KB022", "did you mean 'often'"),
    ("{to: a.red_light, strength: often, via: 'node <- runs_on - pod'}", "KB025", "not an entity type"),
    ("{to: a.red_light, strength: often, via: deployment}", "KB025", "at least one relation"),
    (
        "{to: a.red_light, strength: often, via: 'deployment -owns-> service <-uses- workload'}",
        "KB025",
        "owns does not lead",
    ),
    ("{to: a.red_light, strength: often, via: 'deployment -own-> pod'}", "KB025", "did you mean 'owns'"),
    ("{to: a.red_light, strength: often, via: 'deployment -owns-> pdo'}", "KB025", "did you mean 'pod'"),
    ("{to: a.red_light, strength: often, via: 'service -selects-> pod'}", "KB025", "starts at service"),
    ("{to: a.red_light, strength: often, via: 'deployment <-selects- service'}", "KB025", "ends at service"),
    ("{to: a.red_light, strength: often, spread: most}", "KB010", "'each' or 'some'"),
    ("{to: a.red_light, strength: often, across: uses}", "KB025", "no relation of via"),
]


@pytest.mark.parametrize(("edge", "code", "says"), EDGES)
def test_an_arrow_is_checked(folder: Folder, edge: str, code: str, says: str):
    folder.write("a/more/causes.yaml", CAUSE + f"  leads_to:\n    - {edge}\n")
    found, message = only(folder)
    assert found[:3] == (code, "a/more/causes.yaml", 7)
    assert says in message


def test_ends_of_different_types_need_a_path(folder: Folder):
    folder.write(
        "a/more/causes.yaml", CAUSE.replace("deployment", "service") + "  leads_to: [{to: a.down, strength: often}]\n"
    )
    found, message = only(folder)
    assert found[0] == "KB025"
    assert "name the relation path" in message


def test_the_abstract_workload_meets_its_kinds(folder: Folder):
    via = "deployment -owns-> pod -runs_on-> node <-runs_on- pod <-owns- workload"
    folder.write(
        "a/more/causes.yaml", CAUSE + f"  leads_to: [{{to: a.down, strength: often, via: {via}, spread: some}}]\n"
    )
    assert load_knowledge(base=folder.path, cache=False).causes["a.new"].leads_to[0].via == via


FINDING = "a.f:\n  entity: pod\n  title: t\n"


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("  when: [{fact: kubernetes.pod, wher: {}}]\n", "KB011", "did you mean 'where'"),
        ("  when: [{fact: kubernetes.pod, where: {phase: {equals: x}}}]\n", "KB011", "unknown key 'equals'"),
        ("  when: [{fact: kubernetes.pod, where: {phase: [x]}}]\n", "KB010", "or"),
        ("  when: [{fact: kubernetes.pod, where: {age_seconds: {gt: old}}}]\n", "KB010", "number"),
        ("  when: [{all: [{relation: ownz}]}]\n", "KB023", "did you mean 'owns'"),
        ("  when: [{all: [{finding: a.gone}]}]\n", "KB020", "a.gone"),
        ("  when: [{finding: a.red_light}]\n", "KB012", "missing"),
        ("  when: [{all: []}]\n", "KB010", "at least 1"),
        ("  when: [{wher: {}}]\n", "KB012", "'fact'"),
        ("  absent: {never: late}\n", "KB010", "expired"),
        ("  subsumes: [a.gone]\n", "KB020", "a.gone"),
        ("  subsumes: [a.red_light]\n  subsumes_via: {a.other: x}\n", "KB020", "not under subsumes"),
        ("  rules_out: {a.broken: totally}\n", "KB022", "strongly"),
        ("  rules_out: {a.down: strongly}\n", "KB021", "is in states"),
        ("  false_alarm: frequently\n", "KB022", "known: never"),
    ],
)
def test_a_finding_is_checked(folder: Folder, text: str, code: str, says: str):
    folder.write("a/more/findings.yaml", FINDING + text)
    found, message = problems(folder)
    assert code in {row[0] for row in found}, message
    assert says in message


def test_all_problems_are_told_at_once(folder: Folder):
    folder.write(
        "a/more/causes.yaml",
        CAUSE + "  tilte: x\n  prior: seldom\n" + CAUSE.replace("a.new", "a.newer").replace("P1", "P7"),
    )
    folder.write("a/more/findings.yaml", "a.f: [\n")
    folder.write("a/more/states.yaml", "a.s: {entity: pod, title: t, leads_to: [{to: a.red_light, strength: oftn}]}\n")
    found, _ = problems(folder)
    assert [row[0] for row in found] == ["KB011", "KB010", "KB002", "KB022"]


def test_an_unparsed_file_does_not_make_its_ids_unknown(folder: Folder):
    folder.write("a/findings.yaml", "a.red_light: [\n")
    assert only(folder)[0][0] == "KB002"


def test_a_pack_adds_and_does_not_replace(folder: Folder, new_folder: Callable[[str], Folder]):
    pack = new_folder("mine")
    pack.write("b/findings.yaml", "b.blue: {entity: pod, title: Blue}\n")
    knowledge = load_knowledge(pack.path, None, base=folder.path, cache=False)
    assert set(knowledge.findings) == {"a.red_light", "b.blue"}
    pack.write("a/findings.yaml", "a.red_light: {entity: pod, title: Mine}\n")
    found, message = only(folder, pack.path)
    assert found[:2] == ("KB014", "mine/a/findings.yaml")
    assert "not replace" in message


def test_an_id_means_one_thing(folder: Folder):
    folder.write("a/more/findings.yaml", "a.broken: {entity: pod, title: t}\n")
    found, message = only(folder)
    assert found[0] == "KB014"
    assert "a/causes.yaml:1" in message


def test_packs_in_any_order_give_the_same(folder: Folder, new_folder: Callable[[str], Folder]):
    one, two = new_folder("one"), new_folder("two")
    one.write("b/findings.yaml", "b.one: {entity: pod, title: t}\n")
    two.write("b/findings.yaml", "b.two: {entity: pod, title: t}\n")
    first = load_knowledge(one.path, two.path, base=folder.path, cache=False)
    assert first == load_knowledge(two.path, one.path, base=folder.path, cache=False)


def test_a_missing_folder_is_an_input_error(tmp_path: Path, folder: Folder):
    with pytest.raises(InputError, match="cannot be read"):
        load_knowledge(tmp_path / "nowhere", base=folder.path)


def test_a_scale_is_needed(folder: Folder):
    folder.write("scale.yaml", "")
    assert only(folder)[0][0] == "KB012"


@pytest.mark.parametrize("number", ["0", "1", "2.5", "-0.1"])
def test_words_stand_for_probabilities(folder: Folder, number: str):
    text = (folder.path / "scale.yaml").read_text().replace("often: 0.7", f"often: {number}")
    folder.write("scale.yaml", text)
    assert only(folder)[0][0] == "KB010"
