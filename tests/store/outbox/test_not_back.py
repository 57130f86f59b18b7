"""What is told to be over knows which other checks of the same endpoint are not well yet."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.model import Check, Ending, Health, Incident, Kind, Reason, Target
from healthmon.store.outbox.outbox import ClaimedRow
from tests.store.scene import BOSS, START, Store, by_key, incident, notification, state

NOW = START + 200
TRUNK = Target("office", "PJSIP", "trunk")
HOST = Target("office", "providers", "sip.example.net")


def over(number: int, target: Target = TRUNK, **facts: object) -> Incident:
    """An outage that is over."""
    return replace(incident(number, target), closed_at=NOW - 10, ending=Ending.RECOVERED, **facts)


def left(check: str = Check.REGISTRATION, health: Health = Health.DOWN, **facts: object) -> Incident:
    """What another check of the same still says."""
    return replace(incident(2, TRUNK), check=check, health=health, explained_by=1, **facts)


def told(store: Store, closed: Incident, beside: Incident, **facts: object) -> ClaimedRow:
    """Say that an outage is over, to somebody who was told of it. ``facts``: how the other check stands."""
    belief = state(TRUNK, beside.health, check=beside.check, kind=Kind.PROVIDER, **facts)
    store.book(states=by_key(belief), incidents={closed.id: replace(closed, closed_at=None, ending=None), 2: beside})
    store.book(notifications=[notification(number=closed.id)])
    claim = store.outbox.claim(BOSS, NOW - 20)
    assert claim is not None
    store.outbox.delivered(claim, NOW - 20)
    store.book(incidents={closed.id: closed}, notifications=[notification(Reason.RESOLVED, number=closed.id)])
    claim = store.outbox.claim(BOSS, NOW)
    assert claim is not None
    [row] = claim.rows
    return row


def test_a_registration_that_is_not_back_is_said_and_is_nothing_else_that_is_down(store: Store) -> None:
    row = told(store, over(1), left())

    assert [(each.id, each.check) for each in row.not_back] == [(2, Check.REGISTRATION)]
    assert (row.others, row.others_down) == ((), 0)


def test_so_is_that_our_options_are_answered_in_part(store: Store) -> None:
    assert [each.id for each in told(store, over(1), left(Check.OPTIONS, Health.DEGRADED)).not_back] == [2]


@pytest.mark.parametrize(
    ("beside", "facts"),
    [
        pytest.param(left(), {"pending": Health.UP}, id="it seems to be well again"),
        pytest.param(left(), {"unknown_because": "the manager interface is away"}, id="nobody can see it"),
        pytest.param(left(muted_by="silence 1"), {}, id="nobody is to be told"),
        pytest.param(left(Check.OPTIONS), {}, id="no answer to OPTIONS may be of before"),
        pytest.param(left(Check.CONTACTS, Health.DEGRADED), {}, id="contacts are told by themselves"),
    ],
)
def test_nothing_is_said_of_what_is_not_known_to_last(store: Store, beside: Incident, facts: dict[str, object]) -> None:
    assert told(store, over(1), beside, **facts).not_back == ()


@pytest.mark.parametrize(
    "closed",
    [
        pytest.param(over(1), id="a provider"),
        pytest.param(over(1, HOST, kind=Kind.PROVIDERS), id="the host of providers"),
        pytest.param(over(1, Target("office"), kind=Kind.PBX, check=Check.CONNECTION), id="the PBX"),
    ],
)
def test_registrations_that_nobody_can_see_are_known_of_all_that_is_back(closed: Incident, store: Store) -> None:
    away = replace(incident(4, Target("office")), check=Check.MANAGER, health=Health.DEGRADED)
    store.book(incidents={3: over(3, explained_by=1), 4: away})

    row = told(store, closed, left(), unknown_because="the manager interface is away")

    assert row.unknown_registrations == (TRUNK,)
    assert row.not_back == ()


@pytest.mark.parametrize(
    ("closed", "is_said"),
    [
        pytest.param(over(1), True, id="a provider"),
        pytest.param(over(1, HOST, kind=Kind.PROVIDERS), True, id="the host of providers"),
        # It is connected to anew after each restart of Asterisk.
        pytest.param(over(1, Target("office"), kind=Kind.PBX, check=Check.CONNECTION), False, id="the PBX"),
    ],
)
def test_that_nobody_can_see_a_registration_is_said_of_a_provider_also_before_the_manager_is_believed_to_be_away(
    closed: Incident, is_said: bool, store: Store
) -> None:
    store.book(incidents={3: over(3, explained_by=1)})

    row = told(store, closed, left(), unknown_because="manager interface: connection refused: nothing listens")

    assert bool(row.unknown_registrations) is is_said
    assert row.not_back == ()


def test_of_what_is_down_still_nobody_asks_whether_it_is_registered(store: Store) -> None:
    away = replace(incident(4, Target("office")), check=Check.MANAGER, health=Health.DEGRADED)
    store.book(incidents={3: replace(incident(3, TRUNK), explained_by=1), 4: away})

    row = told(store, over(1, HOST, kind=Kind.PROVIDERS), left(), unknown_because="the manager interface is away")

    assert row.unknown_registrations == ()


def test_the_end_of_a_group_says_it_of_its_endpoints(store: Store) -> None:
    store.book(incidents={3: over(3, explained_by=1)})

    row = told(store, over(1, HOST, kind=Kind.PROVIDERS), left())

    assert [each.id for each in row.not_back] == [2]
