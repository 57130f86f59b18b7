"""Ranges mean what the Monitoring Plugins Development Guidelines say; the table is theirs."""

import pytest

from healthmon.publish.thresholds import BadRange, range_of


@pytest.mark.parametrize(
    ("text", "alerts", "none"),
    [
        ("10", (-1, 11), (0, 5, 10)),
        ("10:", (-1, 9), (10, 11, 1e9)),
        ("~:10", (11,), (-1e9, 0, 10)),
        ("10:20", (9, 21), (10, 20)),
        ("@10:20", (10, 15, 20), (9, 21)),
        ("0", (1, -1), (0,)),
        ("1.5", (2,), (1, 1.5)),
    ],
)
def test_a_range_raises_an_alert_outside_of_it_or_with_an_at_sign_inside(
    text: str, alerts: tuple[float, ...], none: tuple[float, ...]
) -> None:
    read = range_of(text)

    assert all(read.raises_alert(value) for value in alerts)
    assert not any(read.raises_alert(value) for value in none)


@pytest.mark.parametrize("text", ["", "@", "x", "10:5", "-1", "1:2:3", "١", "10\n", "1e3", "nan"])
def test_what_is_no_range_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadRange, match="is no range"):
        range_of(text)
