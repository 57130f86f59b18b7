"""``healthmon discover`` of more endpoints than ARI may be asked about at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from healthmon.cli import discover
from healthmon.cli.main import cli
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.sources.survey import seconds_through_ari
from tests.ami.played import PASSWORD, PlayedManager, row

Discover = Callable[..., Result]
PHONES = [f"{number}" for number in range(1001, 1105)]


@pytest.fixture
def pbx() -> Iterator[FakePbx]:
    """A PBX with a trunk and 104 phones."""
    trunk = FakeEndpoint("PJSIP", "trunk", static_contact="sip:sip.example.net", outbound_auth="trunk")
    with FakePbx(trunk, *(FakeEndpoint("PJSIP", name) for name in PHONES)) as fake:
        yield fake


@pytest.fixture
def manager() -> Iterator[PlayedManager]:
    """Its manager interface, which tells of all of them by the functions of the dialplan."""
    with PlayedManager() as played:
        for name in ("trunk", *PHONES):
            of_aor = {"qualify_frequency": "60", "qualify_timeout": "3.0", "max_contacts": "1", "contact": ""}
            if name == "trunk":
                of_aor["contact"] = "trunk@@b85371a5"
                played.variables["PJSIP_ENDPOINT(trunk,outbound_auth)"] = "trunk"
            played.variables[f"PJSIP_ENDPOINT({name},aors)"] = name
            played.variables |= {f"PJSIP_AOR({name},{option})": value for option, value in of_aor.items()}
        yield played


def discovered(
    pbx: FakePbx,
    folder: Path,
    manager: PlayedManager | None = None,
    command: str = "discover",
    *,
    of_pbx: str = "",
    watches: str = "[watch all]\nendpoints = *\n",
) -> Result:
    lines = ["[pbx office]", f"url = {pbx.url}", "username = healthmon", "password = secret", of_pbx]
    if manager is not None:
        lines += [f"ami = {manager.address}", "ami_username = healthmon", f"ami_password = {PASSWORD}"]
    path = folder / "config.ini"
    path.write_text("\n".join([*lines, f"[healthmon]\ndatabase = {folder}/healthmon.db", watches]))
    return CliRunner().invoke(cli, ["-c", str(path), *command.split()], catch_exceptions=False)


def asked_of_ari(pbx: FakePbx) -> set[str]:
    """The endpoints whose settings ARI was asked for."""
    asked = (request.partition("/endpoint/")[2] for request in pbx.requests if "/dynamic/" in request)
    return set(filter(None, asked))


def by_endpoint(done: Result) -> dict[str, Any]:
    return {found["endpoint"]: found for found in json.loads(done.stdout)}


def test_more_than_a_hundred_are_told_by_the_manager_interface(
    pbx: FakePbx, manager: PlayedManager, tmp_path: Path
) -> None:
    by_ari = by_endpoint(discovered(pbx, tmp_path, command="discover --json"))
    pbx.requests.clear()

    by_manager = by_endpoint(discovered(pbx, tmp_path, manager, command="discover --json"))

    assert len(by_manager) == 105
    assert by_manager["PJSIP/trunk"]["why"] == "static contact and outbound_auth"
    for name, found in by_ari.items():
        assert by_manager[name] == {**found, "registrations": []}
    assert asked_of_ari(pbx) == set()


def test_what_it_does_not_tell_is_asked_of_ari(pbx: FakePbx, manager: PlayedManager, tmp_path: Path) -> None:
    del manager.variables["PJSIP_ENDPOINT(1003,aors)"]

    done = discovered(pbx, tmp_path, manager, command="discover --json")

    assert by_endpoint(done)["PJSIP/1003"]["kind"] == "phone"
    assert asked_of_ari(pbx) == {"1003"}


def test_check_config_knows_all_of_them(pbx: FakePbx, manager: PlayedManager, tmp_path: Path) -> None:
    done = discovered(pbx, tmp_path, manager, command="check-config --connect")

    assert "105 endpoints, 105 watched" in done.stdout
    assert asked_of_ari(pbx) == set()


def test_how_long_ari_takes_is_said(pbx: FakePbx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discover, "WORTH_SAYING_S", 0.1)

    done = discovered(pbx, tmp_path)

    said = "healthmon: pbx office: asking ARI about 105 endpoints takes some 0 s; with a manager interface (ami in its"
    assert said in done.stderr
    assert seconds_through_ari(20_000) == 1990.0


def test_a_manager_interface_that_refuses_leaves_it_to_ari(
    pbx: FakePbx, manager: PlayedManager, tmp_path: Path
) -> None:
    manager.password = "another"

    done = discovered(pbx, tmp_path, manager, command="discover --json")

    assert len(by_endpoint(done)) == 105
    assert "manager interface" in done.stderr


def test_it_says_whose_an_endpoint_would_be(tmp_path: Path) -> None:
    trunk = FakeEndpoint("PJSIP", "trunk", static_contact="sip:sip.example.net")
    phones = [FakeEndpoint("PJSIP", "101"), FakeEndpoint("PJSIP", "102", is_configured=False)]
    section = "[watch phones]\nendpoints = PJSIP/1*\n"
    with FakePbx(trunk, *phones) as pbx, PlayedManager(row("old-line")) as manager:
        of_nobody = discovered(pbx, tmp_path, watches=section)
        of_nobody_in_json = discovered(pbx, tmp_path, manager, "discover --json", watches=section)
        owned = section + "customer = zeta\n"
        of_both = discovered(pbx, tmp_path, of_pbx="customer = acme", watches=owned)
        of_both_in_json = discovered(pbx, tmp_path, manager, "discover --json", of_pbx="customer = acme", watches=owned)

    names = {"PJSIP/trunk", "PJSIP/101", "PJSIP/102", "REGISTRATION/old-line"}
    assert "customer" not in of_nobody.stdout
    assert {name: found["customer"] for name, found in by_endpoint(of_nobody_in_json).items()} == dict.fromkeys(names)
    words = [line.split() for line in of_both.stdout.splitlines()]
    assert next(line for line in words if "watch" in line)[-2:] == ["watch", "customer"]
    assert {line[0]: line[-1] for line in words if line and line[0] in names} == {
        "PJSIP/trunk": "acme",
        "PJSIP/101": "zeta",
        # It is not watched.
        "PJSIP/102": "-",
    }
    assert {name: found["customer"] for name, found in by_endpoint(of_both_in_json).items()} == {
        "PJSIP/trunk": "acme",
        "PJSIP/101": "zeta",
        "PJSIP/102": None,
        "REGISTRATION/old-line": "acme",
    }
