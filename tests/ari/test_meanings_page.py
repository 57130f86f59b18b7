"""docs/what-asterisk-says.md shows the table that the program uses."""

from pathlib import Path

from healthmon.ari.meanings import MEANINGS, table
from healthmon.model import Health

PAGE = Path(__file__).parents[2] / "docs" / "what-asterisk-says.md"


def test_rule_02_the_page_shows_the_table_as_it_is() -> None:
    page = PAGE.read_text()

    assert table() in page, f"put this into {PAGE.name}:\n{table()}"


def test_rule_02_a_word_has_one_meaning_and_removal_is_no_health() -> None:
    keys = [(one.where, technology, one.word) for one in MEANINGS for technology in one.technologies]

    assert len(keys) == len(set(keys))
    assert [one.word for one in MEANINGS if one.is_removal] == ["INVALID"]
    assert all(one.health is None for one in MEANINGS if one.is_removal)
    assert {one.health for one in MEANINGS} == {*Health, None}
