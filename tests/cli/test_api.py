"""``/api/v1``: what programs read, in the shapes of the commands."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from healthmon.model import Changes, Health, Matcher
from healthmon.store.write.orders import open_commander
from healthmon.store.write.writer import open_writer
from tests.cli.conftest import Run
from tests.publish.scene import Site, opened, site
from tests.report.builder import HOUR, NOW, connection, outage, phone, provider, steps

DOWN = Health.DOWN
TRUNK = provider("trunk", DOWN, since=NOW - HOUR)
STATES = [connection(), TRUNK, phone("101"), phone("102"), phone("103", DOWN)]
FACTS: dict[str, Any] = {
    "incidents": [outage(1, phone("103"), NOW - 900, NOW - 800), outage(2, TRUNK, NOW - HOUR)],
    "history": steps(TRUNK, (NOW - 5 * HOUR, Health.UP), (NOW - HOUR, DOWN)),
}


def read(web: Site, path: str) -> Any:
    """The JSON that is answered."""
    code, text = web.get(path)
    assert code == 200, text
    return json.loads(text)


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/api/v1/incidents", ("incidents", "--all", "--json")),
        ("/api/v1/incidents?open=1", ("incidents", "--open", "--json")),
        ("/api/v1/incidents/2", ("incident", "2", "--json")),
        ("/api/v1/targets/PJSIP/trunk", ("history", "PJSIP/trunk", "--json")),
        ("/api/v1/targets/office:PJSIP/trunk?since=2h", ("history", "PJSIP/trunk", "--since", "2h", "--json")),
    ],
)
def test_what_is_answered_is_what_the_command_prints(
    path: str, command: tuple[str, ...], database: Path, run: Run
) -> None:
    with site(database, STATES, **FACTS) as web:
        answered = read(web, path)
        printed = run(*command)

    assert printed.exit_code == 0, printed.stderr
    assert answered == json.loads(printed.stdout)


def test_silences_are_those_that_are_in_force(database: Path) -> None:
    with site(database, STATES) as web:
        with open_commander(database) as commander:
            matcher = Matcher(endpoints=("PJSIP/101",))
            ended = commander.silence(matcher, since=NOW - HOUR, until=NOW - 60, author="eve", reason="")
            lasts = commander.silence(matcher, since=NOW - HOUR, until=NOW + HOUR, author="bob", reason="works")
        [found] = read(web, "/api/v1/silences")

    assert ended.id != lasts.id == found["id"]
    assert (found["by"], found["reason"], found["endpoint"]) == ("bob", "works", ["PJSIP/101"])


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["trunk", "103", "101", "102"]),
        ("state=down", ["trunk", "103"]),
        ("kind=phone&limit=2", ["103", "101"]),
        ("kind=phone&limit=2&offset=2", ["102"]),
        ("search=10", ["103", "101", "102"]),
        ("watch=providers", ["trunk"]),
        ("pbx=branch", []),
    ],
)
def test_targets_are_chosen_and_come_in_pages(query: str, names: list[str], tmp_path: Path) -> None:
    with site(tmp_path / "h.db", STATES) as web:
        found = read(web, f"/api/v1/targets?{query}")

    assert [target["endpoint"].removeprefix("PJSIP/") for target in found["targets"]] == names
    assert found["total"] >= len(names)


def test_a_program_follows_what_changes(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with closing(open_writer(path, now=NOW)) as writer:
        writer.commit(Changes(states={(state.target, state.check): state for state in STATES}))
        writer.alive(NOW, [])
        with opened(path) as web:
            first = read(web, "/api/v1/changes")
            assert first["complete"]
            assert len(first["targets"]) == 4
            nothing = read(web, f"/api/v1/changes?since={first['revision']}")
            assert (nothing["complete"], nothing["targets"], nothing["gone"]) == (False, [], [])

            lost = replace(STATES[2], belief=DOWN, since=NOW, reason="contact removed")
            writer.commit(Changes(states={(lost.target, lost.check): lost}))
            web.live.look()
            then = read(web, f"/api/v1/changes?since={first['revision']}")

    assert [target["endpoint"] for target in then["targets"]] == ["PJSIP/101"]
    assert then["revision"] != first["revision"]


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("/api/v1/incidents/99", 404, "there is no incident 99"),
        ("/api/v1/incidents/99999999999999999999999", 404, "there is no incident"),
        ("/api/v1/targets/PJSIP/nobody", 404, "nothing of this name was ever watched"),
        ("/api/v1/incidents?since=yesterday", 400, "yesterday"),
        ("/api/v1/targets?state=ill", 400, "state=ill: must be one of up, degraded, down, unknown"),
        ("/api/v1/targets?limit=-1", 400, "limit: "),
        ("/api/v1/targets?limit=99999999", 400, "limit: "),
        ("/api/v1/targets?offset=%00", 400, "offset: "),
    ],
)
def test_what_makes_no_sense_is_one_sentence(path: str, code: int, said: str, tmp_path: Path) -> None:
    with site(tmp_path / "h.db", STATES, **FACTS) as web:
        answered, text = web.get(path)

    assert answered == code
    assert said in text
    assert len(text.splitlines()) == 1
