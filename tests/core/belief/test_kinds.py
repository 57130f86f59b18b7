"""Softphones and mobile phones sleep and go home: a single one is recorded, and told only as a part of a site."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.shared import Hold
from healthmon.core.orders.muting import NOT_SINGLY
from healthmon.model import Health, Kind, Reason, Target
from tests.core.grouping.test_causes import HOME, Town, phones, site
from tests.core.scene import DOWN, PHONES, PROVIDERS, UP, Scene, config, phone, settings, trunk

DESK = "helpdesk/mail"


def kinds(kind: Kind | None, singly: bool | None = None) -> Config:
    """All phones are of this kind."""
    return config(watches=(PROVIDERS, replace(PHONES, kind=kind, alert_singly=singly)))


def watched(conf: Config, *targets: Target) -> tuple[Scene, dict[Target, Health]]:
    """These are up, behind one address."""
    scene = Scene(conf)
    truth = dict.fromkeys(targets, UP)
    scene.see(*(settings(target) for target in targets))
    scene.live(60, truth)
    return scene, truth


def told(scene: Scene) -> list[Reason]:
    """What the help desk was told."""
    return [reason for url, reason, _, _ in scene.sent if url == DESK]


@pytest.mark.parametrize(
    ("kind", "singly", "is_told"),
    [
        (Kind.SOFTPHONE, None, False),
        (Kind.MOBILE, None, False),
        (Kind.PHONE, None, True),
        (Kind.ATA, None, True),
        (Kind.GATEWAY, None, True),
        (None, None, True),
        (Kind.SOFTPHONE, True, True),
        (Kind.MOBILE, True, True),
        (Kind.PHONE, False, False),
    ],
)
def test_what_is_told_singly(kind: Kind | None, singly: bool | None, is_told: bool) -> None:
    scene, truth = watched(kinds(kind, singly), phone(101))

    truth[phone(101)] = DOWN
    scene.live(400, truth)

    assert told(scene) == ([Reason.OPENED] if is_told else [])
    assert scene.open(phone(101))[0].kind is (kind or Kind.PHONE)


def test_why_nobody_is_told_is_booked() -> None:
    scene, truth = watched(kinds(Kind.SOFTPHONE), phone(101))
    truth[phone(101)] = DOWN
    scene.live(400, truth)
    truth[phone(101)] = UP
    scene.live(100, truth)

    (incident,) = scene.db.incidents.values()
    assert (incident.is_open, incident.muted_by) == (False, "softphones are not told singly")
    assert [note.words for note in scene.db.notes] == [
        "nobody is told: softphones are not told singly",
        "its end: told nobody: softphones are not told singly",
    ]


def test_a_reload_that_wants_them_told_tells_what_is_still_down() -> None:
    scene, truth = watched(kinds(Kind.SOFTPHONE), phone(101))
    truth[phone(101)] = DOWN
    scene.live(400, truth)

    scene.reconfigure(kinds(Kind.SOFTPHONE, singly=True))
    scene.live(60, truth)

    assert told(scene) == [Reason.OPENED]
    assert scene.db.notes[-1].words == "from now on it is told singly"


def test_every_kind_that_can_be_left_out_has_its_words() -> None:
    assert set(NOT_SINGLY) == {kind for kind in Kind if kind is Kind.PROVIDER or kind.is_device}


def test_a_provider_is_told_though_phones_are_not() -> None:
    scene, truth = watched(kinds(Kind.SOFTPHONE), phone(101), trunk("a"))
    truth.update(dict.fromkeys(truth, DOWN))
    scene.live(400, truth)

    assert [url for url, _, _, _ in scene.sent] == ["oncall/boss"]


def test_softphones_that_go_together_are_a_site_which_is_told_and_what_is_left_of_it_is_not() -> None:
    watches = (PROVIDERS, replace(PHONES, kind=Kind.SOFTPHONE, hold=Hold(10, 10, 10)))
    town = Town(config(watches=watches)).settle(dict.fromkeys(phones(101, 110), HOME))

    town.die(phones(101, 110))
    town.go_on(60)
    assert town.told() == [(Reason.OPENED, str(site()), "down")]
    assert town.incident_of(site()).down == 10

    town.come_back(phones(102, 110))
    town.go_on(60)
    assert town.told()[1:] == [(Reason.RESOLVED, str(site()), "up")]
    assert [one.target for one in town.open()] == [phone(101)]
