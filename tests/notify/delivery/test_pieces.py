"""A digest that is refused again and again is cut, until the row that is to blame stands alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from healthmon.notify.delivery.pieces import PATIENCE, Attempt, Suspects, pieces
from tests.notify.rows import incident, phone, row

ROWS = tuple(row(incident(phone(str(number)), number)) for number in range(8))
BAD, GOOD = ROWS[0], ROWS[1]


def sizes(failures: int) -> list[int]:
    return [len(piece) for piece in pieces(ROWS, failures)]


def test_a_digest_is_cut_after_three_failures_and_further_with_each_one_more() -> None:
    assert sizes(PATIENCE - 1) == []
    assert sizes(PATIENCE) == [4, 4]
    assert sizes(PATIENCE + 1) == [2, 2, 2, 2]
    assert sizes(PATIENCE + 2) == [1] * 8
    assert sizes(PATIENCE + 50) == [1] * 8


def test_each_attempt_begins_with_another_piece() -> None:
    firsts = {pieces(ROWS, failures)[0][0].notification_id for failures in range(PATIENCE + 2, PATIENCE + 10)}

    assert firsts == set(range(8))


@given(number=st.integers(1, 600), failures=st.integers(0, 2000))
def test_no_row_is_left_out_or_doubled(number: int, failures: int) -> None:
    rows = tuple(row(incident(phone("x"), one)) for one in range(number))

    cut = pieces(rows, failures) or [rows]

    assert sorted(one.notification_id for piece in cut for one in piece) == list(range(number))


def test_two_failures_without_a_success_are_enough_to_see_a_dead_channel() -> None:
    assert Attempt(failed=[ROWS] * 2).is_hopeless
    assert Attempt(delivered=1, in_doubt=True).is_hopeless
    assert not Attempt(failed=[ROWS]).is_hopeless
    assert not Attempt(failed=[ROWS] * 7, delivered=1).is_hopeless


def fail_alone(suspects: Suspects, times: int, *, refused: bool, others_delivered: bool) -> None:
    for _ in range(times):
        suspects.failed_alone(BAD, refused=refused)
        suspects.attempt_ended([BAD], something_delivered=others_delivered)


def test_a_row_that_fails_while_others_arrive_is_guilty_the_third_time() -> None:
    suspects = Suspects()

    fail_alone(suspects, 2, refused=False, others_delivered=True)
    assert not suspects.guilty(ROWS)

    fail_alone(suspects, 1, refused=False, others_delivered=True)
    assert suspects.guilty(ROWS) == [BAD]


def test_a_dead_channel_makes_no_row_guilty() -> None:
    suspects = Suspects()

    fail_alone(suspects, 1000, refused=False, others_delivered=False)

    assert not suspects.guilty(ROWS)


def test_a_channel_that_refuses_everything_makes_no_row_guilty() -> None:
    suspects = Suspects()

    fail_alone(suspects, 1000, refused=True, others_delivered=False)

    assert not suspects.guilty(ROWS)


def test_a_row_that_was_refused_is_guilty_as_soon_as_another_arrives() -> None:
    suspects = Suspects()
    fail_alone(suspects, 3, refused=True, others_delivered=False)

    suspects.attempt_ended([], something_delivered=True)

    assert suspects.guilty(ROWS) == [BAD]


def test_a_channel_that_dies_between_two_messages_makes_no_row_guilty() -> None:
    suspects = Suspects()

    fail_alone(suspects, 1, refused=False, others_delivered=True)
    fail_alone(suspects, 1000, refused=False, others_delivered=False)

    assert not suspects.guilty(ROWS)


def test_what_was_delivered_after_all_is_innocent() -> None:
    suspects = Suspects()
    fail_alone(suspects, 3, refused=True, others_delivered=True)

    suspects.forget([BAD])

    assert not suspects.guilty([BAD, GOOD])
