from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from dotmac_diagnose.knowledge import lint, load_with_sources, non_default_priors
from dotmac_diagnose.knowledge.lint_checks import ALL_CHECKS
from dotmac_diagnose.knowledge.lint_checks.fixes import placeholder_problems

if TYPE_CHECKING:
    from knowledge_folder import Folder


def run(folder: Folder, **arguments: Any):
    knowledge, sources = load_with_sources(base=folder.path)
    return lint(knowledge, sources, **arguments)


def codes(folder: Folder):
    return {problem.code for problem in run(folder)}


def test_the_small_base_is_clean(folder: Folder):
    assert run(folder) == []


TWO_STATES = (
    "a.s: {entity: workload, title: t, leads_to: [{to: a.t, strength: often}]}\n"
    "a.t: {entity: workload, title: t, leads_to: [{to: a.s, strength: often}]}"
)
THERE_AND_BACK = "{to: a.down, strength: often, via: 'deployment -uses-> service <-uses- workload'}"
NAME_UNQUOTED = "[{run: 'kubectl get {entity.name}', tool: kubectl}]"
CAUSE = "a.c: {entity: deployment, title: t, severity: P1, decisive: d, no_fix: n, "
DOWN = "{to: a.down, strength: often}"
FIND = "a.f: {entity: pod, title: t, when: [{fact: kubernetes.pod}], "
FIX = "title: t, for: [a.broken], steps: [{run: x, tool: shell}]"

TRIGGERS = {
    "KB101": ("findings", "a.f: {entity: pod, title: t}"),
    "KB102": ("causes", CAUSE + "kind: incident}"),
    "KB103": ("states", "a.s: {entity: workload, title: t, leads_to: [{to: a.red_light, strength: often}]}"),
    "KB104": ("states", TWO_STATES),
    "KB105": ("causes", CAUSE + f"leads_to: [{THERE_AND_BACK}]}}"),
    "KB106": ("causes", None),
    "KB107": ("causes", None),
    "KB108": ("causes", None),
    "KB109": ("causes", CAUSE + f"leads_to: [{DOWN}, {{to: a.red_light, strength: often}}]}}"),
    "KB110": ("causes", CAUSE + f"derived: true, leads_to: [{DOWN}]}}"),
    "KB111": ("causes", CAUSE + "leads_to: [{to: a.down, strength: always}]}"),
    "KB121": ("causes", CAUSE + f"kind: risk, leads_to: [{DOWN}]}}"),
    "KB122": ("causes", CAUSE + f"prior: common, leads_to: [{DOWN}]}}"),
    "KB123": ("findings", FIND + "false_alarm: often}"),
    "KB124": ("findings", "a.f: {entity: pod, title: t}"),
    "KB125": ("causes", CAUSE + f"look_alikes: [a.brokn], leads_to: [{DOWN}]}}"),
    "KB126": ("findings", FIND + "source_group: one record}"),
    "KB127": ("findings", FIND + "detail: 'pod {pdo}'}"),
    "KB141": ("causes", CAUSE.replace("no_fix: n, ", "") + f"leads_to: [{DOWN}]}}"),
    "KB142": ("fixes", None),
    "KB143": ("fixes", f"a.f: {{risk: disruptive, {FIX}}}"),
    "KB144": ("fixes", f"a.f: {{risk: destructive, warnings: [w], {FIX}}}"),
    "KB145": ("fixes", f"a.f: {{risk: reversible, title: t, for: [a.broken], steps: {NAME_UNQUOTED}}}"),
}  # fmt: skip


def test_every_check_has_a_trigger():
    assert {check.code for check in ALL_CHECKS} == set(TRIGGERS)


@pytest.mark.parametrize("code", [code for code, (_, text) in TRIGGERS.items() if text is not None])
def test_a_check_fires_at_its_entry(folder: Folder, code: str):
    section, text = TRIGGERS[code]
    file = f"a/more/{section}.yaml"
    folder.write(file, text + "\n")
    found = [problem for problem in run(folder) if problem.code == code]
    assert found
    assert {problem.file for problem in found} == {file}
    assert {problem.severity for problem in found} == {check.severity for check in ALL_CHECKS if check.code == code}


def test_a_finding_that_shows_anyway_is_worth_nothing(folder: Folder):
    text = (folder.path / "scale.yaml").read_text().replace("often: 0.05", "often: 0.5")
    folder.write("scale.yaml", text)
    folder.write("a/more/findings.yaml", FIND + "false_alarm: often, false_alarm_reason: r}\n")
    folder.write(
        "a/more/causes.yaml",
        CAUSE + "leads_to: [{to: a.f, strength: sometimes, via: deployment -owns-> pod, spread: some}]}\n",
    )
    assert {"KB106", "KB108"} <= codes(folder)


def test_one_record_under_one_node_is_counted_once(folder: Folder):
    more = ", source_group: g, general: true}"
    findings = "".join(
        FIND.replace("a.f", f"a.f{n}").replace("entity: pod", "entity: workload").rstrip(", ") + more + "\n"
        for n in range(3)
    )
    folder.write("a/more/findings.yaml", findings)
    edges = ", ".join(f"{{to: a.f{n}, strength: often}}" for n in range(3))
    folder.write("a/more/causes.yaml", CAUSE + f"leads_to: [{edges}]}}\n")
    assert "KB107" in codes(folder)


def test_a_fix_without_anything_to_see(folder: Folder):
    folder.write("a/more/causes.yaml", CAUSE.replace("no_fix: n, ", "") + "kind: incident}\n")
    folder.write("a/more/fixes.yaml", f"a.f: {{risk: reversible, {FIX.replace('a.broken', 'a.c')}}}\n")
    assert "KB142" in codes(folder)


def test_an_edge_across_breaks_a_cycle(folder: Folder):
    states = (
        "a.s: {entity: service, title: t, leads_to: [{to: a.t, strength: often, "
        "via: service <-uses- workload, spread: each, across: uses}]}\n"
        "a.t: {entity: workload, title: t, leads_to: [{to: a.s, strength: often, "
        "via: workload <-selects- service, spread: each}]}\n"
    )
    folder.write("a/more/states.yaml", states)
    assert "KB104" not in codes(folder)
    folder.write("a/more/states.yaml", states.replace(", across: uses", ""))
    assert "KB104" in codes(folder)


def test_a_cause_above_a_derived_one_reaches_its_findings(folder: Folder):
    folder.write("a/more/findings.yaml", FIND.replace("pod, title", "workload, title").rstrip(", ") + "}\n")
    folder.write(
        "a/more/causes.yaml",
        CAUSE + "derived: true, leads_to: [{to: a.down, strength: always}, {to: a.f, strength: often}]}\n",
    )
    folder.write("prefer.yaml", "- {first: a.broken, over: a.c, when: always}\n")
    assert [p.message for p in run(folder) if p.code == "KB110"] == [
        "a.broken stands above it and does not lead to a.f"
    ]
    folder.write("prefer.yaml", "- {first: a.broken, over: a.c, when: always, own: [a.f]}\n")
    assert "KB110" not in codes(folder)


def test_a_state_of_another_entity_is_another_way(folder: Folder) -> None:
    over_service = "via: deployment -uses-> service <-uses- workload, spread: each"
    folder.write(
        "a/more/causes.yaml",
        CAUSE
        + f"leads_to: [{{to: a.down, strength: often, {over_service}}}, {{to: a.red_light, strength: often}}]}}\n",
    )
    assert "KB109" not in codes(folder)


def test_exclusions_need_a_reason_and_a_use(folder: Folder):
    folder.write("a/more/findings.yaml", "a.f: {entity: pod, title: t}\n")
    folder.write("lint.yaml", "- {code: KB124, id: a.f, reason: later}\n- {code: KB101, id: a.f, reason: later}\n")
    assert run(folder) == []
    folder.add(
        "lint.yaml",
        "- {code: KB124, id: a.red_light, reason: x}\n- {code: KB124, id: a.f}\n- {code: KB999, id: a, reason: r}\n",
    )
    assert [(p.code, p.line, p.severity) for p in run(folder)] == [
        ("KB199", 3, "warning"),
        ("KB199", 4, "error"),
        ("KB199", 5, "error"),
    ]


@dataclass(frozen=True)
class Said:
    finding: str
    path: str
    message: str


def test_checks_of_later_layers_get_a_place(folder: Folder):
    found = run(folder, extra_checks=[lambda _: [Said("a.red_light", "when.0.where.state", "no such field")]])
    assert [(p.code, p.line, p.column, p.message) for p in found] == [("KB190", 6, 51, "no such field")]


def test_non_default_priors_are_listed(folder: Folder):
    folder.write("a/more/causes.yaml", CAUSE + f"prior: common, prior_reason: because, leads_to: [{DOWN}]}}\n")
    knowledge, _ = load_with_sources(base=folder.path)
    assert [(p.cause, p.word, p.reason) for p in non_default_priors(knowledge)] == [("a.c", "common", "because")]


@pytest.mark.parametrize(
    "text",
    [
        "kubectl get -o jsonpath='{.items[*].metadata.name}'",
        "curl -w '%{http_code}'",
        "awk '{print $1}'",
        "echo ${HOME}",
        '{"spec":{"replicas":1}}',
        "{kubectl} get pods",
        "{entity.name|word}",
        "{ask.NEW_IMAGE|word}",
    ],
)  # fmt: skip
def test_other_languages_keep_their_braces(text: str):
    assert list(placeholder_problems(text)) == []


@pytest.mark.parametrize(
    "text", ["{name}", "{entity.name}", "{entity.name|}", "{entity.name|Word}", "{let.patch|word}"]
)
def test_an_unquoted_placeholder_is_told(text: str):
    assert len(list(placeholder_problems(text))) == 1
