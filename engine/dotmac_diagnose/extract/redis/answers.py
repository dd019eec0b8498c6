"""The answers of one Redis server, by question and look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from dotmac_diagnose.extract.document import ServerAnswer
from dotmac_diagnose.extract.kubernetes.json_access import integer, label_map, mappings
from dotmac_diagnose.extract.rows import Row, growth

from .info import parse_info, whole

OK = "ok"


class RedisAnswers:
    """What one server answered.

    INFO is asked up to three times: first of all (0), after all other questions (1), and after the
    sample (2). Growth is told from the last two, between which the collector asks nothing.

    Args:
        server: entity id.
        answers: of this server, any order.
    """

    def __init__(self, server: str, answers: Iterable[ServerAnswer]) -> None:
        self.server = server
        self._by_question: dict[str, dict[int, ServerAnswer]] = defaultdict(dict)
        for answer in answers:
            self._by_question[answer.question][answer.sample] = answer

    def newest(self, question: str) -> ServerAnswer | None:
        """Return the newest answer that holds something, else the newest."""
        looks = self._by_question.get(question, {})
        held = [sample for sample, answer in looks.items() if answer.status == OK]
        return looks[max(held or looks)] if looks else None

    def data(self, question: str) -> Any:
        """Return what the newest answer holds, None when it holds nothing."""
        answer = self.newest(question)
        return answer.data if answer is not None and answer.status == OK else None

    def rows(self, question: str) -> list[Row]:
        """Return the rows of the newest answer."""
        return list(mappings(self.data(question)))

    @cached_property
    def info(self) -> Mapping[str, str]:
        """The fields of the newest INFO."""
        return parse_info(self.data("info"))

    @cached_property
    def info_before(self) -> Mapping[str, str] | None:
        """The fields of the INFO before the newest; None where the collector's own questions lie between them."""
        looks = {sample: item for sample, item in self._by_question.get("info", {}).items() if item.status == OK}
        later = sorted(sample for sample in looks if sample > 0)
        return parse_info(looks[later[-2]].data) if len(later) > 1 else None

    @cached_property
    def settings(self) -> Mapping[str, str]:
        """The values of CONFIG GET."""
        return label_map(self.data("config"))

    def grown(self, name: str) -> int | None:
        """Return how much a counter of INFO grew between the looks."""
        before = self.info_before
        return None if before is None else growth(whole(before, name), whole(self.info, name))

    def number(self, setting: str) -> int | None:
        """Return a setting as a whole number."""
        return integer(self.settings.get(setting))

    @cached_property
    def now(self) -> float | None:
        """The server's clock at the newest INFO, in seconds since 1970."""
        microseconds = whole(self.info, "server_time_usec")
        if microseconds is not None:
            return microseconds / 1_000_000
        answer = self.newest("info")
        return answer.asked_at.timestamp() if answer is not None and answer.asked_at is not None else None

    def age(self, at: int | None) -> float | None:
        """Return the seconds since a moment of the server's clock."""
        return None if at is None or self.now is None else max(0.0, round(self.now - at, 1))
