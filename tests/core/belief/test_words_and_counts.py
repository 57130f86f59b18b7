"""What is said of an endpoint is so: the reason of an "up", why it is unknown, how many contacts it has lost."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.core.belief.evidence import NOT_SHOWN
from healthmon.model import Check, ContactStatus, Ending, Observation, Source, Target, Witness
from tests.core.scene import DOWN, PHONES, UP, Scene, config, phone, settings, trunk, trunk_settings

FIRST, SECOND = "sip:101@192.0.2.1:5060", "sip:101@192.0.2.2:5060"
CHAN_SIP, IAX = Target("office", "SIP", "201"), Target("office", "IAX2", "branch")


def with_two_contacts() -> Scene:
    """A phone that is registered twice, of which one contact is lost: degraded."""
    scene = Scene()
    scene.snapshot({phone(): UP})
    scene.see(settings(phone(), max_contacts=2))
    for uri in (FIRST, SECOND):
        scene.contact(phone(), ContactStatus.REACHABLE, uri, 20)
    scene.contact(phone(), ContactStatus.UNREACHABLE, FIRST)
    scene.live(240, {phone(): UP})
    assert scene.state(phone(), Check.CONTACTS).reason == "1 of 2 contacts unreachable"
    return scene


def test_an_up_whose_lost_contact_was_removed_does_not_name_the_loss_as_its_reason() -> None:
    scene = with_two_contacts()

    scene.contact(phone(), ContactStatus.REMOVED, FIRST)
    scene.live(60, {phone(): UP})

    state = scene.state(phone(), Check.CONTACTS)
    assert (state.belief, state.reason) == (UP, "the contact that was lost is no longer registered")


def test_an_up_after_a_restart_of_asterisk_does_not_name_the_loss_before_it_as_its_reason() -> None:
    scene = with_two_contacts()

    scene.snapshot({phone(): UP}, startup="boot 2")
    scene.live(60, {phone(): UP})

    state = scene.state(phone(), Check.CONTACTS)
    assert (state.belief, "unreachable" in state.reason) == (UP, False)


def test_an_up_because_its_settings_changed_does_not_name_the_loss_as_its_reason() -> None:
    scene = Scene()
    scene.snapshot({phone(): UP})
    scene.see(settings(phone(), max_contacts=2))
    scene.contact(phone(), ContactStatus.UNREACHABLE, FIRST)
    scene.event(phone(), UP)
    scene.live(300, {phone(): UP})
    assert scene.state(phone(), Check.CONTACTS).reason == "1 contact unreachable"

    scene.see(settings(phone(), max_contacts=1))
    scene.live(60, {phone(): UP})

    state = scene.state(phone(), Check.CONTACTS)
    assert (state.belief, "unreachable" in state.reason) == (UP, False)


def test_unknown_is_not_explained_by_what_was_heard_when_it_was_checked() -> None:
    scene = Scene()
    scene.snapshot({trunk(): UP})
    scene.see(trunk_settings(trunk()))
    scene.lose(trunk())
    scene.live(120, {trunk(): DOWN})
    assert scene.belief(trunk()) is DOWN

    scene.see(trunk_settings(trunk(), qualify_frequency=0.0, has_unqualified_static_contact=True))

    assert scene.belief(trunk()) is None
    assert scene.state(trunk()).reason == Ending.NOT_QUALIFIED


def test_more_than_32_contacts_are_counted() -> None:
    scene = Scene()
    scene.snapshot({phone(): UP})
    scene.see(settings(phone(), max_contacts=100))
    uris = [f"sip:101@192.0.2.{number}:5060" for number in range(1, 51)]
    for uri in uris:
        scene.contact(phone(), ContactStatus.REACHABLE, uri, 20)

    for uri in uris[:40]:
        scene.contact(phone(), ContactStatus.UNREACHABLE, uri)
    scene.live(240, {phone(): UP})

    assert scene.state(phone(), Check.CONTACTS).reason == "40 of 50 contacts unreachable"


@pytest.mark.parametrize("target", [CHAN_SIP, IAX])
def test_chan_sip_and_iax2_get_the_remark_until_asterisk_says_what_only_a_check_can_tell(target: Target) -> None:
    scene = Scene(config(watches=(replace(PHONES, endpoints=("SIP/*", "IAX2/*")),)))
    words = "peer status Registered"
    scene.see(Observation(target, UP, scene.now, Source.EVENT, Witness.ENDPOINT, words))
    scene.snapshot({target: UP})
    scene.see(settings(target, known=False, qualify_frequency=0.0))
    scene.live(60, {target: UP})
    assert scene.state(target).remark == NOT_SHOWN

    checked = Observation(
        target, UP, scene.now, Source.EVENT, Witness.ENDPOINT, "peer status Reachable", is_of_check=True
    )
    scene.see(checked)

    assert scene.state(target).remark == ""
