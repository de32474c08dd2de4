from __future__ import annotations

from eventlab.checks import CheckResult, all_ended, all_within, at_most_once, none_found, verdict

ENDED = ("completed", "compensated")


def test_what_must_not_be_there_is_listed_in_order() -> None:
    assert none_found("open", "open reservations", ["order-2", "order-1"]) == CheckResult(
        "open", False, "2 open reservations", ("order-1", "order-2")
    )
    assert none_found("open", "open reservations", []).because == "no open reservations"


def test_the_left_lies_within_the_right() -> None:
    result = all_within("paid", "shipped orders", ["order-1", "order-2"], "paid", {"order-1"})
    assert result == CheckResult("paid", False, "1 of 2 shipped orders are not paid", ("order-2",))
    assert all_within("paid", "shipped orders", ["order-1"], "paid", {"order-1"}).valid is True


def test_a_second_time_is_found() -> None:
    assert at_most_once("once", "keys", ["a", "b", "a"]).witnesses == ("a: 2 times",)
    assert at_most_once("once", "keys", ["a", "b"]).valid is True


def test_stuck_is_invalid_but_late_is_only_unknown() -> None:
    def check(**states: str) -> CheckResult:
        return all_ended("ended", "sagas", states, ended=ENDED, stuck=("stuck",))

    assert check(a="completed", b="compensated").valid is True
    assert check(a="completed", b="running").valid is None
    assert check(a="running", b="stuck").valid is False


def test_witnesses_are_few() -> None:
    result = none_found("open", "open reservations", [f"order-{n:02d}" for n in range(40)])
    assert result.because == "40 open reservations"
    assert result.witnesses == ("order-00", "order-01", "order-02", "order-03", "order-04")


def test_a_result_reads_as_a_sentence_with_its_evidence() -> None:
    assert str(none_found("open", "open reservations", ["order-1"])) == (
        "open: invalid, because 1 open reservations\n  order-1"
    )


def test_one_invalid_outweighs_an_unknown_which_outweighs_the_valid() -> None:
    valid, invalid, unknown = (CheckResult("x", answer, "") for answer in (True, False, None))
    assert verdict([valid, unknown, invalid]) is False
    assert verdict([valid, unknown]) is None
    assert verdict([valid]) is True
