"""Which messages are still so at the capture."""

from __future__ import annotations

import pytest
from log_building import CAPTURED, at, messages_of, only_message, owner, stamped

from dotmac_diagnose.extract.document import PodLog
from dotmac_diagnose.extract.logs import extract_logs, newest_moment

ERROR = "2026-11-24 00:00:00,000 ERROR [w] queue error: ConnectionError: Error 111 connecting to redis:6379."
INFO = "2026-11-24 00:00:00,000 INFO [w] job done in 3 ms"


def every(interval: float, first: float, last: float, text: str = ERROR) -> list[tuple[float, str]]:
    count = int((first - last) / interval)
    return [(first - index * interval, text) for index in range(count + 1)]


def crashing(**fields: object):
    return owner(**{"container_running": False, "ready": False, "started_at": at(60), "ended_at": at(50), **fields})


def test_a_message_that_goes_on_is_current():
    message = only_message(stamped(*every(2, 300, 1)))
    assert message.current
    assert not message.at_exit
    assert not message.at_start


def test_a_single_recent_message_is_current():
    assert only_message(stamped((90, ERROR))).current


def test_an_old_message_is_not_current():
    assert not only_message(stamped((121, ERROR), (1, INFO))).current


def test_a_message_that_stopped_is_not_current():
    assert not only_message(stamped(*every(2, 100, 30), *every(2, 28, 1, INFO))).current


def test_a_slow_message_that_is_only_pausing_is_current():
    assert only_message(stamped(*every(20, 120, 40))).current


def test_messages_of_a_start_that_stopped_are_not_current():
    text = stamped(*every(0.5, 60, 55), *every(1, 54, 1, INFO))
    started = owner(started_at=at(61))
    message = only_message(text, started)
    assert message.at_start
    assert not message.current


def test_messages_of_a_start_that_go_on_are_current():
    message = only_message(stamped(*every(2, 19, 1)), owner(started_at=at(20)))
    assert message.at_start
    assert message.current


def test_one_message_of_a_start_stays_current_while_the_container_is_not_ready():
    text = stamped((19, ERROR))
    assert only_message(text, owner(started_at=at(20), ready=False)).current
    assert not only_message(text, owner(started_at=at(20), ready=True)).current


def test_a_refusal_of_a_server_during_its_start_is_current_but_its_recovery_is_not():
    prefix = "2026-11-24 00:00:00.000 GMT [9] u@d/a"
    refused = [(15 - index / 50, f"{prefix} FATAL:  sorry, too many clients already") for index in range(5)]
    messages = messages_of(
        stamped(
            (26, f"{prefix} LOG:  database system was not properly shut down; automatic recovery in progress"),
            (25, f"{prefix} FATAL:  the database system is starting up"),
            *refused,
        ),
        owner(started_at=at(27)),
    )
    assert [(message.level, message.current) for message in messages] == [
        ("log", False),
        ("fatal", False),
        ("fatal", True),
    ]


def test_a_burst_of_refusals_stays_current_since_silence_of_a_server_proves_nothing():
    line = "2026-11-24 00:00:00.000 GMT [9] u@d/a FATAL:  sorry, too many clients already"
    assert only_message(stamped(*every(0.1, 60, 59, line))).current


def test_what_a_run_ended_with_is_current():
    message = only_message(stamped((60, INFO), (50, ERROR)), crashing())
    assert message.at_exit
    assert message.current


def test_what_a_run_said_long_before_it_ended_is_not_current():
    text = stamped((60, ERROR), *((59 - index / 10, INFO) for index in range(40)))
    message = only_message(text, crashing())
    assert not message.at_exit
    assert not message.current


def test_the_end_of_a_run_stays_current_however_long_the_container_waits():
    text = stamped((301, INFO), (300, ERROR))
    assert only_message(text, crashing(started_at=at(302), ended_at=at(299))).current


def test_an_init_container_that_has_completed_says_nothing_of_now():
    assert not only_message(stamped((50, ERROR)), crashing(ready=True)).current


@pytest.mark.parametrize(
    ("fields", "current"),
    [
        pytest.param({"container_running": False, "ready": False}, True, id="waits-again"),
        pytest.param({"ready": False, "started_at": at(10)}, True, id="not-ready"),
        pytest.param({"ready": True, "started_at": at(10)}, True, id="young"),
        pytest.param({"ready": True, "started_at": at(45)}, False, id="outlived-it"),
    ],
)
def test_the_former_run(fields: dict[str, object], current: bool):
    message = only_message(stamped((55, INFO), (50, ERROR)), owner(**fields), previous=True)
    assert message.previous
    assert message.at_exit
    assert message.current is current


@pytest.mark.parametrize(
    ("fields", "current"),
    [
        ({"superseded": True, "ended_at": at(50)}, False),
        ({"superseded": False, "ended_at": at(50)}, True),
        ({"superseded": False, "ended_at": at(601)}, False),
        ({"superseded": False, "ended_at": None}, True),
    ],
)
def test_finished_pods(fields: dict[str, object], current: bool):
    message = only_message(stamped((60, INFO), (50, ERROR)), crashing(finished=True, **fields))
    assert message.current is current


def test_warnings_of_a_finished_pod_are_not_current():
    text = stamped((50, 'WARNING:  skipping "pg_authid" --- only superuser can analyze it'))
    assert not only_message(text, crashing(finished=True)).current


def test_a_pod_that_nobody_knows_is_judged_by_its_log_alone():
    unknown = owner(container_running=None, ready=None, started_at=None)
    trace = [(300, "Traceback (most recent call last):"), (300, '  File "/a.py", line 1, in f'), (300, "KeyError: 'x'")]
    assert only_message(stamped(*trace), unknown).current
    assert not only_message(stamped(*trace, (299, INFO)), unknown).current
    assert only_message(stamped((60, ERROR), (59, INFO)), unknown).current


def test_without_any_time_the_last_lines_count():
    assert only_message("job done\nERROR: queue is gone\njob done\n").current
    assert not only_message("ERROR: queue is gone\n" + "job done\n" * 40).current
    assert only_message("ERROR: queue is gone\n").age_seconds is None


def test_clocks_ahead_count_as_now_and_impossible_ones_as_unknown():
    assert only_message(stamped((-30, ERROR))).age_seconds == 0
    assert only_message(stamped((-86400, ERROR))).age_seconds is None


def test_a_former_log_that_repeats_the_present_one_counts_once():
    text = stamped((55, INFO), (50, ERROR))
    logs = [PodLog("shop", "api-1", "api", text, previous=previous) for previous in (True, False)]
    facts = extract_logs(logs, lambda *_: crashing(), CAPTURED)
    assert [item.values.previous for item in facts if item.kind == "log.message"] == [False]


def test_of_a_log_with_and_without_stamps_the_one_with_them_counts():
    logs = [PodLog("shop", "api-1", "api", text) for text in (f"{ERROR}\n", stamped((50, ERROR)))]
    facts = extract_logs(logs, lambda *_: owner(), CAPTURED)
    assert [item.kind for item in facts] == ["log.coverage", "log.message"]
    assert facts[1].values.age_seconds == pytest.approx(50, abs=0.01)


def test_newest_moment():
    old, new = (
        PodLog("s", "p", "c", stamped((60, "a"), (50, "b"))),
        PodLog("s", "q", "c", stamped((7, "a")) + "no stamp"),
    )
    assert newest_moment([old, new]) == at(7)
    assert newest_moment([PodLog("s", "p", "c", "no stamp\n")]) is None
    assert newest_moment([]) is None
