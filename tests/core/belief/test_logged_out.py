"""A phone that logs out is no phone that was lost: its own word, no part of a site's fall."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.sections.shared import Hold
from healthmon.config.sections.watch import WatchConfig
from healthmon.core.orders.muting import LOGS_OUT
from healthmon.model import Check, ContactStatus, EndpointSettings, Kind, Loss, Reason, Target
from tests.core.grouping.test_causes import HOME, Town, phones, quick, site
from tests.core.scene import DOWN, UP, Scene, config, phone, settings, trunk, trunk_settings

OFFICE = phones(101, 110)


def softphones(kind: Kind = Kind.SOFTPHONE, *, alert_singly: bool | None = None) -> Config:
    """Ten of them at one site."""
    watch = WatchConfig(
        "soft", ("PJSIP/*",), hold=Hold(10, 10, 10), receivers=("oncall",), kind=kind, alert_singly=alert_singly
    )
    return config(watches=(watch,))


class Office(Town):
    """Phones that may log out."""

    def log_out(self, targets: Iterable[Target], *, first: str = "peer") -> None:
        """REGISTER with Expires: 0; of the three events each may come first."""
        for target in targets:
            self.truth[target] = DOWN
            if first == "peer":
                self.event(target, DOWN)
                self.device(target, DOWN)
            self.contact(target, ContactStatus.REMOVED, self._uri(target))
            if first == "contact":
                self.device(target, DOWN)
                self.event(target, DOWN)

    def log_in(self, targets: Iterable[Target]) -> None:
        """REGISTER."""
        for target in targets:
            self.truth[target] = UP
            self.contact(target, ContactStatus.NON_QUALIFIED, self._uri(target))
            self.event(target, UP)
            self.contact(target, ContactStatus.REACHABLE, self._uri(target), 20)

    #: What follows host and port in the URI of a contact.
    parameters = ""

    def _uri(self, target: Target) -> str:
        return f"sip:{target.resource}@{self.places[target]}:5060{self.parameters}"


def office(conf: Config | None = None, parameters: str = "") -> Office:
    """Ten phones of one site that were seen to log in."""
    town = Office(conf or quick())
    town.parameters = parameters
    town.settle(dict.fromkeys(OFFICE, HOME))
    town.log_in(OFFICE)
    return town


@pytest.mark.parametrize("first", ["peer", "contact"])
def test_softphones_that_log_out_are_no_site_that_is_down_and_nobody_is_told(first: str) -> None:
    town = office(softphones())

    town.log_out(OFFICE[:4], first=first)
    town.go_on(120)

    assert town.told() == []
    assert not town.open(site())
    incident = town.incident_of(OFFICE[0])
    assert incident.cause == "logged out (contact Removed)"
    assert incident.muted_by == LOGS_OUT[Kind.SOFTPHONE]


@pytest.mark.parametrize("parameters", [";transport=TCP", ";transport=tls;ob", ";transport=ws"])
def test_contacts_that_are_removed_because_their_connections_closed_may_be_lost(parameters: str) -> None:
    town = office(softphones(), parameters)

    town.log_out(OFFICE)
    town.go_on(120)

    assert town.told() == [(Reason.OPENED, str(site()), "down")]
    assert town.incident_of(OFFICE[0]).cause == "connection closed, or logged out (contact Removed)"


@pytest.mark.parametrize("kind", [Kind.SOFTPHONE, Kind.MOBILE])
def test_that_a_softphone_logged_out_is_never_told_though_its_loss_is(kind: Kind) -> None:
    town = office(softphones(kind, alert_singly=True))

    town.log_out(OFFICE[:1])
    town.die(OFFICE[1:2])
    town.go_on(120)

    assert town.told() == [(Reason.OPENED, str(OFFICE[1]), "down")]


def test_a_desk_phone_that_logged_out_is_told_in_its_own_word() -> None:
    town = office()

    town.log_out(OFFICE[:4])
    town.go_on(120)

    assert {who for _, who, _ in town.told()} == {str(target) for target in OFFICE[:4]}
    assert town.incident_of(OFFICE[0]).is_logged_out


def test_those_that_logged_out_do_not_count_as_up_nor_as_down_when_the_site_dies() -> None:
    town = office(softphones())
    town.log_out(OFFICE[:4])
    town.go_on(120)

    town.die(OFFICE[4:])
    town.go_on(60)

    assert town.told() == [(Reason.OPENED, str(site()), "down")]
    incident = town.incident_of(site())
    assert (incident.down, incident.of) == (6, 6)


def test_whose_registration_expires_while_its_site_is_down_is_lost_with_it() -> None:
    town = office()

    town.die(OFFICE[:8])
    town.log_out(OFFICE[8:])
    town.go_on(120)

    assert town.told() == [(Reason.OPENED, str(site()), "down")]
    assert town.incident_of(OFFICE[9]).explained_by == town.incident_of(site()).id


def test_whose_contact_was_unreachable_before_it_was_removed_did_not_log_out() -> None:
    town = office(softphones())

    town.die(OFFICE[:4])
    town.go_on(30)
    for target in OFFICE[:4]:
        town.contact(target, ContactStatus.REMOVED, f"sip:{target.resource}@{HOME}:5060")
    town.go_on(60)

    assert town.told() == [(Reason.OPENED, str(site()), "down")]
    assert town.incident_of(OFFICE[0]).cause == "does not answer OPTIONS (contact Unreachable)"


def unchecked(target: Target) -> EndpointSettings:
    return settings(target, qualify_frequency=0.0, qualify_timeout=0.0, places=())


def test_of_a_contact_that_is_not_checked_nobody_can_tell_logging_out_from_loss() -> None:
    town = Office(softphones())
    town.settle(dict.fromkeys(OFFICE, HOME))
    for target in OFFICE:
        town.see(unchecked(target))
        town.contact(target, ContactStatus.NON_QUALIFIED, f"sip:{target.resource}@{HOME}:5060")

    town.log_out(OFFICE[:4])
    town.go_on(120)

    assert town.told() == [(Reason.OPENED, str(site()), "down")]
    assert town.incident_of(OFFICE[0]).cause == "registration expired, or logged out (contact Removed)"


def test_what_events_did_not_tell_of_a_contact_before_its_settings_tell() -> None:
    town = Office(softphones())
    town.settle(dict.fromkeys(OFFICE, HOME))

    town.log_out(OFFICE[:4])
    town.go_on(60)

    assert town.told() == []
    assert town.state(OFFICE[0]).reason.startswith("logged out")


@pytest.mark.parametrize("first", ["peer", "contact"])
def test_softphones_that_log_out_while_asterisk_is_in_its_grace_are_no_site_that_is_down(first: str) -> None:
    town = office(softphones())
    town.snapshot(town.truth, startup="boot 2")

    town.log_out(OFFICE[:4], first=first)
    assert town.state(OFFICE[0]).unknown_because.startswith("in grace: Asterisk restarted")
    town.go_on(300)

    assert town.told() == []
    assert not town.open(site())
    assert town.state(OFFICE[0]).reason == "logged out (contact Removed)"


def just_seen() -> Office:
    """Ten phones of one site of which no settings are read yet; one more tells that others are not checked."""
    town = Office(softphones())
    town.truth = dict.fromkeys(OFFICE, UP)
    town.places = dict.fromkeys(OFFICE, HOME)
    town.snapshot(town.truth)
    return town


def test_softphones_that_log_out_before_their_settings_are_read_are_no_site_that_is_down() -> None:
    town = just_seen()

    town.log_out(OFFICE[:4])
    town.after(3)
    for target in OFFICE:
        town.see(settings(target, places=()))
    town.go_on(120)

    assert town.told() == []
    assert not town.open(site())
    assert town.state(OFFICE[0]).reason == "logged out (contact Removed)"


def test_settings_of_a_phone_that_may_have_logged_out_are_read_before_its_loss_is_believed() -> None:
    town = just_seen()

    town.log_out(OFFICE[:4])
    town.after(11)

    asked = [target for question in town.questions for target in question.settings_first]
    assert set(asked) == set(OFFICE[:4])


def test_phones_that_are_not_checked_and_are_removed_before_their_settings_are_read_are_lost() -> None:
    town = just_seen()

    town.log_out(OFFICE[:4])
    town.after(3)
    for target in OFFICE:
        town.see(unchecked(target))
    town.go_on(120)

    assert town.told() == [(Reason.OPENED, str(site()), "down")]


def test_that_it_logged_out_is_remembered_when_healthmon_restarts_before_it_is_believed() -> None:
    town = office(softphones())
    town.log_out(OFFICE[:4])
    town.after(3)
    assert town.state(OFFICE[0]).loss is Loss.LOGGED_OUT

    again = Office(town.config, town.db, town.now + 5)
    again.truth, again.places = town.truth, town.places
    again.snapshot(again.truth)
    again.go_on(120)

    assert again.told() == []
    assert again.state(OFFICE[0]).reason.startswith("logged out")


def test_softphones_that_log_in_again_and_are_not_checked_yet_are_no_site_that_is_down() -> None:
    town = office(softphones())
    town.log_out(OFFICE[:4])
    town.go_on(120)

    for target in OFFICE[:4]:
        town.contact(target, ContactStatus.CREATED, f"sip:{target.resource}@{HOME}:5060")
    town.go_on(3)

    assert town.told() == []
    assert not town.open(site())


def test_how_it_was_lost_is_booked_also_where_nothing_else_was_heard_since_healthmon_started() -> None:
    scene = Scene()
    scene.snapshot({trunk(): DOWN, phone(): UP})
    scene.see(trunk_settings(trunk()))
    scene.live(120, {trunk(): DOWN, phone(): UP})
    scene = scene.restart()
    scene.snapshot({phone(): UP})

    scene.contact(trunk(), ContactStatus.UNREACHABLE)

    assert scene.state(trunk()).loss is Loss.NO_ANSWER


def test_who_logs_in_and_is_lost_at_once_is_lost() -> None:
    town = office(softphones(alert_singly=True))
    town.log_out(OFFICE[:1])
    town.go_on(60)

    town.log_in(OFFICE[:1])
    town.after(3)
    town.die(OFFICE[:1])
    town.go_on(60)

    assert town.told() == [(Reason.OPENED, str(OFFICE[0]), "down")]


def test_a_provider_that_takes_back_its_registration_is_down_all_the_same() -> None:
    """One that registers with us, as some do, has no reason to go home."""
    watch = WatchConfig("providers", ("PJSIP/*",), hold=Hold(10, 10, 10), receivers=("oncall",), kind=Kind.PROVIDER)
    town = Office(replace(config(watches=(watch,))))
    trunks = phones(1, 2)
    town.settle(dict.fromkeys(trunks, HOME))
    town.log_in(trunks)

    town.log_out(trunks)
    town.go_on(60)

    assert town.told() == [(Reason.OPENED, "providers 203.0.113.7 on office", "down")]


def test_a_phone_found_offline_is_not_said_to_have_logged_out() -> None:
    scene = Scene(quick())
    target = phone()
    scene.snapshot({target: UP})
    scene.see(settings(target, qualify_frequency=5.0))
    scene.live(60, {target: UP})

    scene.live(120, {target: DOWN})

    assert scene.state(target).reason == "not registered, or does not answer OPTIONS (endpoint down)"


def test_a_loss_that_is_over_is_booked_so_also_of_what_asterisk_does_not_check() -> None:
    provider = trunk()
    scene = Scene(config())
    scene.snapshot({provider: DOWN})
    scene.see(trunk_settings(provider, qualify_frequency=0.0, has_unqualified_static_contact=True))
    scene.after(1)
    scene.snapshot({provider: UP})
    scene.contact(provider, ContactStatus.UNREACHABLE)
    scene.after(1)

    scene.snapshot({provider: UP})

    assert scene.db.states[provider, Check.REACHABILITY].loss is Loss.NONE
