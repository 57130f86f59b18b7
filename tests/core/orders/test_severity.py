"""What the watch sections say of incidents: how much they matter."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.core.orders.severity import Severities
from healthmon.errors import Trouble
from healthmon.model import Check, Health, Incident, Kind, Severity, Target
from tests.core.scene import DOWN, PHONES, PROVIDERS, START, UP, Scene, config, phone, trunk, trunk_settings

LINE = Incident(1, Target("office", "network"), Check.REACHABILITY, Kind.NETWORK, "", Health.DOWN, START, START, "")
SITE = replace(LINE, kind=Kind.SITE, target=Target("office", "site", "203.0.113.7"), watches=("phones",))


def test_a_provider_and_a_pbx_are_critical_and_a_phone_is_a_warning() -> None:
    scene = Scene()
    scene.see(trunk_settings(trunk("a")))
    truth = {trunk("a"): UP, phone(101): UP}
    scene.live(60, truth)
    truth.update(dict.fromkeys(truth, DOWN))
    scene.live(400, truth)
    scene.report(Trouble.REFUSED)
    scene.after(60).report(Trouble.REFUSED)

    assert {one.kind: one.severity for one in scene.db.incidents.values()} == {
        Kind.PROVIDER: Severity.CRITICAL,
        Kind.PHONE: Severity.WARNING,
        Kind.PBX: Severity.CRITICAL,
    }


def test_the_watch_section_has_the_last_word_also_after_a_reload() -> None:
    scene = Scene(config(watches=(PROVIDERS, replace(PHONES, severity=Severity.CRITICAL))))
    truth = {phone(101): UP}
    scene.live(60, truth)
    truth[phone(101)] = DOWN
    scene.live(400, truth)
    assert scene.open(phone(101))[0].severity is Severity.CRITICAL

    scene.reconfigure(config(watches=(PROVIDERS, replace(PHONES, severity=Severity.INFO))))

    assert scene.open(phone(101))[0].severity is Severity.INFO


@pytest.mark.parametrize(
    ("phones", "providers", "expected"),
    [
        (None, None, Severity.CRITICAL),
        (Severity.INFO, Severity.WARNING, Severity.WARNING),
        (Severity.INFO, None, Severity.CRITICAL),
    ],
)
def test_a_group_matters_as_much_as_the_worst_of_what_it_explains(
    phones: Severity | None, providers: Severity | None, expected: Severity
) -> None:
    watches = (replace(PROVIDERS, severity=providers), replace(PHONES, severity=phones))

    assert Severities(config(watches=watches)).of(replace(LINE, watches=("phones", "providers"))) is expected


def test_a_site_matters_as_much_as_its_phones() -> None:
    urgent = config(watches=(PROVIDERS, replace(PHONES, severity=Severity.CRITICAL)))

    assert Severities(config()).of(SITE) is Severity.WARNING
    assert Severities(urgent).of(SITE) is Severity.CRITICAL
