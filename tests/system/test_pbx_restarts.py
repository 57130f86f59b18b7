"""A PBX that restarts, dies or freezes: told once about the PBX, and of what is behind it only what is really lost."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from healthmon.core.belief.flapping import LASTED
from tests.lab.endpoints import phone, trunk
from tests.lab.fixtures import Lab
from tests.lab.phones import PhoneFarm
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, Scene, set_scene

NAMES = ("101", "102", "103")
#: A restart takes one or two seconds, on a busy machine more; it shall not look like an outage.
PATIENT = {"down_after": "10s"}


@dataclass
class Site:
    """An Asterisk with three phones and two providers, of which trunk-b was never there."""

    scene: Scene
    phones: PhoneFarm
    provider: Provider

    def wait_all_up(self) -> None:
        """Wait until everything but trunk-b is believed up."""
        names = [f"PJSIP/{name}" for name in (*NAMES, "trunk-a")]
        self.scene.daemon.wait(lambda: all(self.scene.daemon.state(name) == "up" for name in names), "all are up")

    def incidents_of_others(self) -> list[dict[str, object]]:
        """All incidents but that of trunk-b."""
        return [one for one in self.scene.incidents() if one["endpoint"] != "PJSIP/trunk-b"]

    def report(self) -> dict[str, dict[str, float]]:
        """The report of the last hour, by endpoint."""
        return {row["endpoint"]: row for row in self.scene.daemon.report("--since", "1h")["targets"]}


def set_site(lab: Lab, options: Mapping[str, str]) -> Site:
    """Start everything, and wait until all is believed and trunk-b is told."""
    provider = lab.add(Provider(lab.address()))
    pbx = lab.asterisk(
        *(phone(name, **CHECKED_OFTEN) for name in NAMES),  # type: ignore[arg-type]
        trunk("trunk-a", provider.uri, **CHECKED_OFTEN),  # type: ignore[arg-type]
        trunk("trunk-b", f"sip:{lab.address()}:5060", **CHECKED_OFTEN),  # type: ignore[arg-type]
    )
    phones = lab.add(PhoneFarm(pbx.sip, NAMES, lab.address()))
    phones.register()
    site = Site(set_scene(lab, pbx, lab.folder("daemon"), options=options), phones, provider)
    site.wait_all_up()
    site.scene.wait_told("DOWN provider trunk-b (office) since ")
    return site


def test_a_restart_from_which_all_come_back_is_told_to_nobody(lab: Lab) -> None:
    site = set_site(lab, PATIENT)

    site.scene.pbx.restart()
    site.scene.daemon.wait(lambda: "Asterisk was restarted" in site.scene.daemon.log(), "the restart is noticed")
    site.wait_all_up()

    site.scene.wait_told("DOWN provider trunk-b (office) since ")
    assert site.incidents_of_others() == []
    assert {name: site.report()[f"PJSIP/{name}"]["outages"] for name in NAMES} == dict.fromkeys(NAMES, 0)


def test_a_restart_is_in_the_history_counted_in_the_report_and_told_where_tell_restarts_says_so(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", **CHECKED_OFTEN))  # type: ignore[arg-type]
    scene = set_scene(lab, pbx, lab.folder("daemon"), options={**PATIENT, "tell_restarts": "yes"})
    scene.daemon.wait_for_pbx("up")

    pbx.restart()
    scene.wait_told("RESTARTED PBX office at ")
    # One that happens while healthmon does not run counts, too, and once.
    scene.daemon.stop()
    pbx.restart()
    scene.daemon.start()
    scene.wait_told("RESTARTED PBX office at ", "RESTARTED PBX office at ")
    scene.daemon.stop()
    scene.daemon.start()

    history = json.loads(scene.daemon.command("history", "office", "--json").stdout)["events"]
    restarts = [event for event in history if event["what"] == "restart"]
    assert len(restarts) == 2
    assert restarts[-1]["words"] == f"Asterisk was restarted, by its own clock at {pbx.started_at()}"
    report = scene.daemon.report("--since", "1h")
    assert {row["endpoint"]: row["restarts"] for row in report["targets"]} == {"": 2, "PJSIP/101": 0}
    assert report["incidents"] == []
    assert len(scene.subjects) == 2


def test_what_does_not_come_back_after_a_restart_is_told_in_one_message(lab: Lab) -> None:
    site = set_site(lab, PATIENT)
    scene = site.scene

    scene.pbx.stop()
    # As in a container: who was registered is forgotten.
    (scene.pbx.folder / "lib/astdb.sqlite3").unlink()
    scene.pbx.start()
    assert site.phones["101"].register() == 200

    scene.wait_told("DOWN provider trunk-b (office) since ", "DOWN 2 phones (office): 102, 103")
    assert "did not come back after the restart" in scene.sink.messages[1].body
    assert [scene.daemon.state(name) for name in ("PJSIP/101", "PJSIP/trunk-a")] == ["up", "up"]
    assert len(site.incidents_of_others()) == 2


def test_a_killed_pbx_is_one_message_and_one_more_when_it_is_back(lab: Lab) -> None:
    site = set_site(lab, {"up_after": "500ms"})
    scene = site.scene

    scene.pbx.kill()
    scene.wait_told("DOWN provider trunk-b (office) since ", "DOWN PBX office since ")
    hidden = {name: scene.daemon.target(f"PJSIP/{name}") for name in ("101", "trunk-a", "trunk-b")}
    assert {row["state"] for row in hidden.values()} == {"unknown"}
    assert all("8088" in row["reason"] or "broke off" in row["reason"] for row in hidden.values()), hidden
    assert "connection refused: nothing listens on" in scene.sink.messages[1].body
    scene.pbx.start()

    scene.wait_told("DOWN provider trunk-b (office) since ", "DOWN PBX office since ", "UP PBX office after ")
    site.wait_all_up()
    scene.daemon.wait_for_state("PJSIP/trunk-b", "down")
    assert len(scene.subjects) == 3
    assert [one["kind"] for one in site.incidents_of_others()] == ["pbx"]
    report = site.report()
    assert report["PJSIP/101"]["outages"] == 0
    assert report["PJSIP/101"]["unknown_s"] > 0
    assert report["PJSIP/trunk-b"]["outages"] == 1


def test_a_frozen_pbx_is_noticed_soon_and_no_phone_is_believed_down(lab: Lab) -> None:
    site = set_site(lab, {"poll_every": "60s", "up_after": "500ms"})
    scene = site.scene

    scene.pbx.freeze()
    scene.wait_told("DOWN provider trunk-b (office) since ", "DOWN PBX office since ")
    assert scene.daemon.pbx()["reason"].endswith("is connected: frozen or overloaded")
    assert scene.daemon.state("PJSIP/101") == "unknown"
    scene.pbx.thaw()

    scene.wait_told("DOWN provider trunk-b (office) since ", "DOWN PBX office since ", "UP PBX office after ")
    site.wait_all_up()
    assert len(scene.subjects) == 3
    assert [one["kind"] for one in site.incidents_of_others()] == ["pbx"]


def test_flapping_hides_no_outage_of_a_pbx_that_restarts_five_times_and_is_then_killed_and_frozen(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", **CHECKED_OFTEN))  # type: ignore[arg-type]
    options = {"down_after": "8s", "up_after": "1s", "poll_every": "5s"}
    scene = set_scene(lab, pbx, lab.folder("daemon"), options=options)
    for number in range(1, 6):
        pbx.kill()
        _wait_logged(scene, "nothing behind it can be seen", number)
        pbx.start()
        _wait_logged(scene, "pbx office: seen again after", number)

    for go_down, come_back in ((pbx.kill, pbx.start), (pbx.freeze, pbx.thaw)):
        before = len(_about_the_pbx(scene))
        went_at = time.time()
        go_down()
        scene.daemon.wait(lambda before=before: len(_about_the_pbx(scene)) > before, "told that it is down")  # type: ignore[misc]
        assert _about_the_pbx(scene)[-1].startswith("DOWN PBX office since ")
        # The hold, and what a frozen one takes to be noticed and asked once more.
        assert time.time() - went_at <= 8 + 5 + 5 + 3
        come_back()
        scene.daemon.wait(lambda before=before: len(_about_the_pbx(scene)) > before + 1, "told that it is up")  # type: ignore[misc]
        assert _about_the_pbx(scene)[-1].startswith("UP PBX office after ")


def _wait_logged(scene: Scene, what: str, times: int) -> None:
    """Wait until this was noticed so often, and the last has lasted long enough to count as a change."""
    scene.daemon.wait(lambda: scene.daemon.log().count(what) >= times, f"{what}, {times} times")
    noticed_at = time.time()
    scene.daemon.wait(lambda: time.time() > noticed_at + LASTED + 0.3, "that counts as a change")


def _about_the_pbx(scene: Scene) -> list[str]:
    """What was told of the PBX itself: not of its restarts, and not that it flaps."""
    wanted = ("DOWN PBX office since ", "UP PBX office after ")
    return [subject for subject in scene.subjects if subject.startswith(wanted)]
