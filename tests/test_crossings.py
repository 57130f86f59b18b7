"""The way of one event through the files does not get longer: a figure may fall, it must not grow much."""

from __future__ import annotations

from tests.crossings import crossings_of, ways

#: So many steps from file to file, and so many into one that it had left.
MOST_STEPS, MOST_RETURNS = 265, 195


def test_a_step_counts_once_and_is_a_return_where_its_file_was_left() -> None:
    assert crossings_of(["a", "b", "a", "b", "c", "a"]) == (4, 2, 3)


def test_the_way_of_an_event_from_socket_to_message_is_no_longer_than_it_was() -> None:
    whole = ways()["the whole way"]

    assert whole.steps <= MOST_STEPS
    assert whole.returns <= MOST_RETURNS
