"""Every case of the knowledge base holds: ``tests/knowledge/<area>/*.yaml``."""

from __future__ import annotations

from pathlib import Path

import pytest

from dotmac_diagnose.cases import Case, judge, read_cases
from dotmac_diagnose.knowledge import Knowledge, load_knowledge

HERE = Path(__file__).parent
CASES = [
    pytest.param(case, id=f"{path.relative_to(HERE).with_suffix('')}: {sentence}")
    for path in sorted(HERE.rglob("*.yaml"))
    for sentence, case in read_cases(path).items()
]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load_knowledge()


@pytest.mark.parametrize("case", CASES)
def test_the_case_holds(case: Case, knowledge: Knowledge) -> None:
    assert judge(case, knowledge) == ()
