"""A real Asterisk: what is taken for a cut line, and what speaks against it."""

from __future__ import annotations

from tests.lab.endpoints import phone, trunk
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, WATCHES, Scene, set_scene

#: Longer than a cycle of checks, as hold times are.
HELD = WATCHES.replace("down_after = 1s", "down_after = 3s")
HOMES = [str(number) for number in range(101, 105)]


def at_home(scene_pbx: Lab, registrar: tuple[str, int], names: list[str]) -> list[Phone]:
    """Phones, each at an address of its own."""
    phones = [scene_pbx.add(Phone(registrar, name, address=f"{scene_pbx.subnet()}.1")) for name in names]
    for one in phones:
        assert one.register() == 200
    return phones


def wait_up(scene: Scene, *names: str) -> None:
    for name in names:
        scene.daemon.wait_for_state(f"PJSIP/{name}", "up")


def test_an_outbound_proxy_of_two_trunks_that_dies_is_no_cut_line(lab: Lab) -> None:
    """The trunks' own hosts are never asked: all goes to the proxy."""
    proxy = lab.add(Provider(lab.address()))
    through = {"outbound_proxy": f"{proxy.uri}\\;lr"}
    trunks = [
        trunk(f"trunk-{name}", f"sip:{lab.address()}:5060", aor=through, endpoint=through, **CHECKED_OFTEN)  # type: ignore[arg-type]
        for name in ("a", "b")
    ]
    pbx = lab.asterisk(*trunks, *(phone(name, **CHECKED_OFTEN) for name in HOMES))  # type: ignore[arg-type]
    at_home(lab, pbx.sip, HOMES)
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    wait_up(scene, "trunk-a", "trunk-b", *HOMES)

    proxy.vanish()

    host = proxy.uri.removeprefix("sip:").partition(":")[0]
    scene.wait_told(f"DOWN providers at {host} (office): 2 of 2")
    proxy.come_back()
    scene.wait_told(f"DOWN providers at {host} (office): 2 of 2", f"UP providers at {host} (office) after ")


def test_all_providers_down_are_no_cut_line_while_public_phones_are_up(lab: Lab) -> None:
    providers = [lab.add(Provider(lab.address())) for _ in range(2)]
    trunks = [trunk(f"trunk-{n}", one.uri, **CHECKED_OFTEN) for n, one in enumerate(providers)]  # type: ignore[arg-type]
    pbx = lab.asterisk(*trunks, *(phone(name, **CHECKED_OFTEN) for name in HOMES))  # type: ignore[arg-type]
    at_home(lab, pbx.sip, HOMES)
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=HELD)
    wait_up(scene, "trunk-0", "trunk-1", *HOMES)

    for one in providers:
        one.vanish()
    scene.daemon.wait_for_state("PJSIP/trunk-0", "down")
    scene.daemon.wait_for_state("PJSIP/trunk-1", "down")

    scene.sink.wait_for(1)
    assert all(subject.startswith(("DOWN 2 providers", "DOWN provider trunk-")) for subject in scene.subjects)
    assert {incident["kind"] for incident in scene.incidents()} == {"provider"}


def test_most_sites_at_once_are_one_message_where_no_provider_is_known(lab: Lab) -> None:
    names = [str(number) for number in range(101, 121)]
    pbx = lab.asterisk(*(phone(name, **CHECKED_OFTEN) for name in names))  # type: ignore[arg-type]
    phones = at_home(lab, pbx.sip, names)
    scene = set_scene(lab, pbx, lab.folder("daemon"))
    wait_up(scene, *names)

    for one in phones:
        one.vanish()

    scene.wait_told("DOWN office: 20 of 20 sites since ")
    for one in phones:
        one.come_back()
    scene.wait_told("DOWN office: 20 of 20 sites since ", "UP office: its sites are reachable again after ")
