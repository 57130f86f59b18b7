"""What is claimed knows the names in the caller ids of all that it speaks of."""

from __future__ import annotations

import pytest

from healthmon.model import EndpointSettings, Kind, Target
from tests.store.scene import BOSS, PHONE, START, Store, incident, notification

NOW = START + 200
SITE = Target("office", "site", "203.0.113.7")
OTHER, UNNAMED = PHONE._replace(resource="7777"), PHONE._replace(resource="8888")


def book_names(store: Store, names: dict[Target, str]) -> None:
    store.book(
        settings={
            target: EndpointSettings(target, START, known=True, caller_name=name) for target, name in names.items()
        }
    )


def test_a_claim_has_the_names_of_its_incidents_of_what_they_explain_and_of_what_else_is_down(store: Store) -> None:
    book_names(store, {PHONE: "Reception", OTHER: "Anna", UNNAMED: ""})
    site = incident(1, SITE, kind=Kind.SITE, down=2, of=2)
    member = incident(2, PHONE, explained_by=1)
    store.book(incidents={1: site, 2: member, 3: incident(3, OTHER), 4: incident(4, UNNAMED)})
    store.book(notifications=[notification(number=1)])

    claim = store.outbox.claim(BOSS, NOW)

    assert claim is not None
    [row] = claim.rows
    assert [each.target for each in row.others] == [OTHER, UNNAMED]
    assert row.caller_names == {PHONE: "Reception", OTHER: "Anna"}


def test_a_ticket_that_lasts_has_its_name_too(store: Store) -> None:
    book_names(store, {PHONE: "Reception"})
    store.book(incidents={1: incident(1)}, notifications=[notification(number=1)])
    assert store.outbox.claim(BOSS, NOW, as_tickets=True) is not None

    [lasting] = store.outbox.lasting_tickets(BOSS)

    assert lasting.caller_names == {PHONE: "Reception"}


@pytest.mark.parametrize("many", [3, 250])
def test_few_are_asked_for_one_by_one_and_many_at_once(store: Store, many: int) -> None:
    targets = [PHONE._replace(resource=str(number)) for number in range(1000, 1000 + many)]
    book_names(store, {target: f"Phone {target.resource}" for target in targets})
    store.book(
        incidents={number: incident(number, target) for number, target in enumerate(targets, 1)},
        notifications=[notification(number=number) for number in range(1, many + 1)],
    )

    claim = store.outbox.claim(BOSS, NOW)

    assert claim is not None
    assert {row.caller_names[row.incident.target] for row in claim.rows} == {f"Phone {1000 + n}" for n in range(many)}


def test_a_reader_joins_what_the_configuration_says_with_the_caller_ids(store: Store) -> None:
    book_names(store, {PHONE: "Reception", OTHER: "Anna"})

    with store.reading() as reader:
        names, of_one = reader.names({PHONE.endpoint: "Front desk"}), reader.names({}, [OTHER])

    assert (names.of(PHONE), names.of(OTHER)) == ("Front desk", "Anna")
    assert (of_one.of(PHONE), of_one.of(OTHER)) == ("", "Anna")


def test_a_name_goes_with_the_settings_of_its_endpoint(store: Store) -> None:
    book_names(store, {PHONE: "Reception"})
    book_names(store, {PHONE: ""})

    with store.reading() as reader:
        assert reader.names({}).callers == {}
