"""docs/what-asterisk-says.md shows who may speak of which check, as the program has it."""

from pathlib import Path

from healthmon.model import ENDPOINT_CHECKS, ContactStatus, Source, Witness
from healthmon.model.checks import CHECK_ON_DEMAND, CONTACT_BY_EVENT, table

PAGE = Path(__file__).parents[2] / "docs" / "what-asterisk-says.md"


def test_rule_02_the_page_shows_who_may_speak_of_a_check_as_it_is() -> None:
    page = PAGE.read_text()

    assert table() in page, f"put this into {PAGE.name}:\n{table()}"


def test_rule_02_a_witness_speaks_of_a_check_in_one_way_only() -> None:
    for kind in ENDPOINT_CHECKS.values():
        ways = [(testimony.witness, source) for testimony in kind.witnesses for source in testimony.sources]
        assert len(ways) == len(set(ways)), kind.name


def test_rule_07_what_was_asked_for_settles_what_is_pending_and_an_event_does_not() -> None:
    for kind in ENDPOINT_CHECKS.values():
        for testimony in kind.witnesses:
            # A check that was asked for has only begun when it is taken up.
            was_asked_for = Source.EVENT not in testimony.sources and testimony is not CHECK_ON_DEMAND
            assert testimony.confirms is was_asked_for, (kind.name, testimony.where)


def test_each_word_for_a_contact_has_a_meaning_but_that_asterisk_does_not_know() -> None:
    assert set(ContactStatus) - set(CONTACT_BY_EVENT.words) == {ContactStatus.UNKNOWN}


def test_an_earlier_check_alone_explains_a_later_one() -> None:
    order = list(ENDPOINT_CHECKS)
    for kind in ENDPOINT_CHECKS.values():
        assert all(order.index(earlier) < order.index(kind.name) for earlier in kind.inhibited_by)


def test_every_witness_of_asterisk_is_heard_of_reachability() -> None:
    heard = {testimony.witness for testimony in ENDPOINT_CHECKS["reachability"].witnesses}

    assert heard == {Witness.ENDPOINT, Witness.CONTACT, Witness.DEVICE, Witness.QUALIFY}
