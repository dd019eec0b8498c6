"""Templates, run by a real shell: what arrives is the value, or the step is refused."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest
from evil_names import EVIL, HIDDEN
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql
from remedy_building import Given

from dotmac_diagnose.remedies import Language, render, template_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], list[list[str]]]:
    """Run a script with kubectl, psql, redis-cli and curl replaced by programs that write down their arguments."""
    programs = tmp_path / "bin"
    programs.mkdir()
    record = tmp_path / "record"
    for name in ("kubectl", "psql", "redis-cli", "curl"):
        program = programs / name
        program.write_text(f'#!/bin/sh\nprintf "%s\\0" {name} "$@" END >>"$RECORD"\n')
        program.chmod(0o755)

    def run_script(script: str) -> list[list[str]]:
        record.write_bytes(b"")
        environment = {"PATH": f"{programs}:/usr/bin:/bin", "RECORD": str(record), "HOME": str(tmp_path)}
        subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, env=environment, check=True, timeout=20)
        assert {path.name for path in tmp_path.iterdir()} == {"bin", "record"}, "a value ran as a command"
        calls: list[list[str]] = [[]]
        for word in record.read_bytes().decode().split("\0")[:-1]:
            if word == "END":
                calls.append([])
            else:
                calls[-1].append(word)
        return calls[:-1]

    return run_script


def shell(template: str, let: Mapping[str, str] | None = None, **values: object) -> str:
    rendering = render(template, Given(**values), Language.SHELL, let or {})
    assert not rendering.refusals, rendering.refusals
    return rendering.text


BLANK = "\u115f\u1160\u2800\u3164\uffa0\u180b\u180c\u180d\u180f\u034f\u17b4\u17b5"
PATCH = '{"spec":{"template":{"metadata":{"annotations":{"note":{evidence.x|json},"p":"a-{evidence.x|json_string}"}}}}}'
QUERY = "SELECT {evidence.x|sql_literal} AS a FROM {evidence.y|sql_identifier} WHERE pid = {evidence.pid|sql_number}"
CALLS = {
    "argument": "kubectl delete pod -n {evidence.x|word} -- {evidence.x|word}",
    "glued": "kubectl get pod --field-selector=metadata.name={evidence.x|word} -o name",
    "patch": "{kubectl} patch deployment/api -n shop -p {let.patch|word}",
    "query": "psql -X -d dbname={evidence.y|conninfo_value} -c {let.query|word}",
    "glob": "redis-cli --scan --pattern {let.pattern|word}",
    "key": "redis-cli -n 1 TYPE {evidence.x|word}",
    "inner": "kubectl exec -n shop deploy/api -- sh -c {let.script|word}",
    "curl": "curl -sS -m 5 -- {evidence.u|url}",
}
LET = {
    "patch": PATCH,
    "query": QUERY,
    "pattern": "{evidence.x|redis_glob}:*",
    "script": "curl -- {evidence.x|word} && redis-cli GET {let.pattern|word}",
}


@pytest.mark.parametrize("name", [name for name in EVIL if name], ids=ascii)
def test_evil_names_arrive_as_they_are(name: str, run: Callable[[str], list[list[str]]]) -> None:
    values = {"context": "prod eu", "evidence__x": name, "evidence__y": name, "evidence__pid": 42}
    values["evidence__u"] = f"https://h.example/{name}".replace("@", "")
    rendered = {key: shell(template, LET, **values) for key, template in CALLS.items()}
    assert all("\n" not in text for text in rendered.values())
    calls = dict(zip(rendered, run("\n".join(rendered.values())), strict=True))
    glob = "".join(f"\\{c}" if c in r"\*?[]^-" else c for c in name) + ":*"
    assert calls["argument"] == ["kubectl", "delete", "pod", "-n", name, "--", name]
    assert calls["glued"][3] == f"--field-selector=metadata.name={name}"
    assert calls["patch"][:3] == ["kubectl", "--context", "prod eu"]
    note = json.loads(calls["patch"][-1])["spec"]["template"]["metadata"]["annotations"]
    assert note == {"note": name, "p": f"a-{name}"}
    literal, identifier = sql.Literal(name).as_string(None), sql.Identifier(name).as_string(None)
    assert calls["query"][-1] == f"SELECT {literal} AS a FROM {identifier} WHERE pid = 42"
    assert calls["query"][3].startswith("dbname=")
    assert calls["glob"][-1] == glob
    assert calls["key"] == ["redis-cli", "-n", "1", "TYPE", name]
    inner = run(calls["inner"][-1])
    assert inner == [["curl", "--", name], ["redis-cli", "GET", glob]]
    assert len(calls["curl"]) == 6


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_one_word_or_refused(text: str) -> None:
    rendering = render("kubectl get -- {evidence.x|word}", Given(evidence__x=text), Language.SHELL)
    if rendering.refusals:
        assert any(not c.isprintable() or c in BLANK for c in text)
        assert shlex.split(rendering.text)[-1] == "<X>"
    else:
        assert shlex.split(rendering.text) == ["kubectl", "get", "--", text]


@pytest.mark.parametrize("name", HIDDEN, ids=ascii)
def test_what_cannot_be_seen_is_refused_by_name(name: str) -> None:
    rendering = render("kubectl delete pod -- {evidence.pod|word}", Given(evidence__pod=name), Language.SHELL)
    (refusal,) = rendering.refusals
    assert str(refusal).startswith(f"evidence.pod {name!a} holds ")
    assert rendering.text == "kubectl delete pod -- '<POD>'"


def test_json_keeps_what_a_word_refuses() -> None:
    text = shell("kubectl patch pod -p {let.p|word}", {"p": '{"a":{evidence.x|json}}'}, evidence__x="a\n\u202eb")
    assert json.loads(shlex.split(text)[-1]) == {"a": "a\n\u202eb"}
    assert text.isascii()


def test_missing_values_are_visible_marks_in_every_language() -> None:
    let = {"p": '{"n":{evidence.count|json},"s":"{ask.NOTE|json_string}"}', "q": "SELECT {evidence.a|sql_literal}"}
    rendering = render(
        "kubectl set image {entity.resource|resource} {evidence.b.container|word}={ask.NEW_IMAGE|word} "
        "-p {let.p|word} -c {let.q|word} --replicas={kubernetes.replicas.count|number}",
        Given(),
        Language.SHELL,
        let,
    )
    assert rendering.refusals == ()
    assert rendering.marks == ("<A>", "<B_CONTAINER>", "<COUNT>", "<NEW_IMAGE>", "<NOTE>", "<RESOURCE>")
    assert "'<B_CONTAINER>'='<NEW_IMAGE>'" in rendering.text
    words = shlex.split(rendering.text)
    assert json.loads(words[6]) == {"n": "<COUNT>", "s": "<NOTE>"}
    assert words[8] == "SELECT '<A>'"


def test_the_command_names_its_context() -> None:
    known = render("{kubectl} get pods", Given(context="prod"), Language.SHELL)
    unknown = render("{kubectl} get pods", Given(), Language.SHELL)
    assert (known.text, known.context_unknown) == ("kubectl --context prod get pods", False)
    assert (unknown.text, unknown.context_unknown) == ("kubectl get pods", True)
    hostile = render("{kubectl} get pods", Given(context="a\nb"), Language.SHELL)
    assert hostile.refusals
    assert "\n" not in hostile.text


@pytest.mark.parametrize(
    ("template", "safe"),
    [
        ("kubectl delete pod {evidence.x|word}", False),
        ("kubectl delete pod --wait {evidence.x|word}", False),
        ("kubectl delete pod -- {evidence.x|word}", True),
        ("kubectl exec p -- rm {evidence.x|word}", False),
        ("kubectl exec p -- rm -- {evidence.x|word}", True),
        ("kubectl logs -c {evidence.x|word}", True),
        ("kubectl get pod -- y; rm {evidence.x|word}", False),
        ("kubectl get pod -- y && rm {evidence.x|word}", False),
        ("kubectl get pod -- 'a -- b'\nrm {evidence.x|word}", False),
        ("kubectl get pod 'a -- b' {evidence.x|word}", False),
        ("kubectl get pod -n -- {evidence.x|word}", False),
        ("redis-cli -h db DEL {evidence.x|word}", True),
        ("redis-cli -h db {evidence.x|word}", False),
        ("{evidence.x|word} --version", False),
        ("kubectl get --selector=app={evidence.x|word}", True),
    ],
)
def test_a_leading_dash_is_no_option(template: str, safe: bool) -> None:
    rendering = render(template, Given(evidence__x="--all"), Language.SHELL)
    assert (rendering.refusals == ()) is safe


@pytest.mark.parametrize(
    ("template", "let"),
    [
        ("echo '{evidence.x|word}'", {}),
        ('echo "{evidence.x|word}"', {}),
        ('echo "$(kubectl get {evidence.x|word})"', {}),
        ("echo `kubectl get {evidence.x|word}`", {}),
        ("echo ${evidence.x|word}", {}),
        ("echo \\{evidence.x|word}", {}),
        ("cat <<EOF\n{evidence.x|word}\nEOF", {}),
        ("echo {evidence.x|text}", {}),
        ("echo {evidence.x|wrod}", {}),
        ("echo {let.missing|word}", {}),
        ("psql -c {let.q|word}", {"q": "SELECT '{evidence.x|sql_literal}'"}),
        ("psql -c {let.q|word}", {"q": 'SELECT "{evidence.x|sql_identifier}"'}),
        ("psql -c {let.q|word}", {"q": "SELECT E'a\\'{evidence.x|sql_literal}'"}),
        ("psql -c {let.q|word}", {"q": "SELECT 1 -- {evidence.x|sql_literal}"}),
        ("kubectl patch -p {let.p|word}", {"p": '{"a":"{evidence.x|json}"}'}),
        ("kubectl patch -p {let.p|word}", {"p": '{"a":{evidence.x|json_string}}'}),
        ("kubectl patch -p {let.p|word}", {"p": '{"a":"{evidence.x|word}"}'}),
        ("redis-cli EVAL {let.s|word} 0", {"s": "return '{evidence.x|redis_glob}'"}),
        ("sh -c {let.a|word}", {"a": "echo {let.a|word}"}),
    ],
)
def test_a_place_that_would_be_unsafe_is_found_without_values(template: str, let: dict[str, str]) -> None:
    assert template_problems(template, Language.SHELL, let)
    assert render(template, Given(evidence__x="value"), Language.SHELL, let).refusals


@pytest.mark.parametrize(
    "template",
    [
        "kubectl get pods -o jsonpath='{.items[*].metadata.name}' -n {entity.namespace|word}",
        "kubectl get pods | awk '{print $1}' # it's {entity.name|word}",
        'kubectl get --raw "/api" && curl {evidence.u|url}',
        "redis-cli --scan --pattern {evidence.x|redis_glob}':*'",
    ],
)
def test_braces_of_others_stay(template: str) -> None:
    assert template_problems(template, Language.SHELL) == []
    rendering = render(
        template, Given(entity__namespace="shop", evidence__u="http://a", evidence__x="s"), Language.SHELL
    )
    for literal in ("{.items[*].metadata.name}", "{print $1}"):
        assert (literal in rendering.text) is (literal in template)


def test_lint_names_unknown_values_and_unused_lets() -> None:
    assert template_problems("echo {evidenec.x|word}", Language.SHELL) == ["evidenec.x is not a known value"]
    assert template_problems("echo a", Language.SHELL, {"q": "SELECT 1"}) == ["let.q is not used"]
    assert template_problems("echo {kubernetes.oom_killed.container|word}", Language.SHELL) == []


def test_a_statement_for_the_psql_prompt() -> None:
    good = render(
        "SELECT pg_terminate_backend({evidence.pid|sql_number}) WHERE {evidence.u|sql_literal} = usename",
        Given(evidence__pid=7, evidence__u="o'brien"),
        Language.SQL,
    )
    assert good.text == "SELECT pg_terminate_backend(7) WHERE 'o''brien' = usename"
    assert render("SELECT {evidence.u|word}", Given(evidence__u="x"), Language.SQL).refusals


def test_ssh_and_sh_are_shells_of_their_own() -> None:
    text = shell("ssh -- db {let.s|word}", {"s": "curl {evidence.u|url}"}, evidence__u="http://a/$(id)&x")
    assert shlex.split(shlex.split(text)[-1]) == ["curl", "http://a/$(id)&x"]


def test_sentences_are_cleaned_and_not_quoted() -> None:
    rendering = render("Ask the owner of {entity.name|text}.", Given(entity__name="a\nb\u202e c"), Language.PROSE)
    assert rendering.text == "Ask the owner of a b c."
    assert render("Run {entity.name|word}", Given(entity__name="a b"), Language.PROSE).text == "Run 'a b'"


def test_a_replaced_value_is_not_read_as_a_template() -> None:
    text = shell("kubectl get -- {evidence.x|word}", evidence__x="{ask.Y|word}")
    assert text == "kubectl get -- '{ask.Y|word}'"
