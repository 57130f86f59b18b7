"""Where contacts are, as the store keeps it."""

from __future__ import annotations

from healthmon.model import Place, PlaceChange, PlaceDetails, PlacePeriod
from healthmon.store.write.pruning import Cuts
from tests.store.scene import OTHER_PHONE, PHONE, START, Store

HOME, AWAY = Place("203.0.113.7", "Yealink SIP-T46U"), Place("198.51.100.9")


def test_a_place_lasts_until_it_is_left(store: Store) -> None:
    store.book(places=[PlaceChange(PHONE, HOME, START, is_left=False)])
    store.book(places=[PlaceChange(PHONE, AWAY, START + 60, is_left=False)])
    store.book(places=[PlaceChange(PHONE, HOME, START + 61, is_left=True)])

    with store.reading() as reader:
        assert reader.places(PHONE) == [
            PlacePeriod(PHONE, HOME, START, START + 61),
            PlacePeriod(PHONE, AWAY, START + 60, None),
        ]
        assert reader.last_places() == {PHONE: (AWAY,)}
    assert store.writer.load().places == {PHONE: (AWAY,)}


def test_the_program_at_a_place_is_learnt_later_and_the_same_news_twice_is_one_row(store: Store) -> None:
    silent, named = Place("203.0.113.7"), HOME
    store.book(places=[PlaceChange(PHONE, silent, START, is_left=False)])

    for _ in range(2):
        store.book(places=[PlaceChange(PHONE, named, START + 1, is_left=False)])

    with store.reading() as reader:
        assert reader.places(PHONE) == [PlacePeriod(PHONE, named, START, None)]


def test_a_new_program_at_the_same_place_is_a_new_row(store: Store) -> None:
    newer = Place(HOME.address, "Yealink SIP-T57W")
    store.book(places=[PlaceChange(PHONE, HOME, START, is_left=False)])

    store.book(
        places=[PlaceChange(PHONE, HOME, START + 9, is_left=True), PlaceChange(PHONE, newer, START + 9, is_left=False)]
    )

    with store.reading() as reader:
        assert [(one.place, one.until) for one in reader.places(PHONE)] == [(HOME, START + 9), (newer, None)]


def test_what_is_forgotten_has_left_its_places_and_old_ones_are_pruned(store: Store) -> None:
    store.book(places=[PlaceChange(one, HOME, START, is_left=False) for one in (PHONE, OTHER_PHONE)])

    store.book(forgotten=[PHONE])
    while store.writer.prune(Cuts.at(START + 1e6)):
        pass

    with store.reading() as reader:
        assert not reader.places(PHONE)
        assert reader.last_places() == {OTHER_PHONE: (HOME,)}


def test_what_else_is_known_of_a_contact_belongs_to_the_present_place_alone(store: Store) -> None:
    store.book(places=[PlaceChange(PHONE, HOME, START, is_left=False)])
    store.book(place_details=[PlaceDetails(PHONE, HOME, "192.168.1.20", START + 3600)])
    store.book(places=[PlaceChange(PHONE, HOME, START + 60, is_left=True)])
    store.book(places=[PlaceChange(PHONE, AWAY, START + 60, is_left=False)])
    store.book(place_details=[PlaceDetails(PHONE, HOME, "", START + 7200), PlaceDetails(OTHER_PHONE, AWAY, "", 1.0)])

    with store.reading() as reader:
        assert reader.places(PHONE) == [
            PlacePeriod(PHONE, HOME, START, START + 60, "192.168.1.20", START + 3600),
            PlacePeriod(PHONE, AWAY, START + 60, None),
        ]
        assert reader.places(OTHER_PHONE) == []
