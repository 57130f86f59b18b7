"""A dialplan chooses a trunk by what the web process answers, as docs/web.md shows it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from healthmon.config.credentials import hash_of_token
from tests.lab.endpoints import trunk
from tests.lab.fixtures import Lab
from tests.lab.pbxfiles import Options
from tests.lab.provider import Provider
from tests.system.scene import CHECKED_OFTEN, WATCHES, Scene, set_scene

DOCS = Path(__file__).parents[2] / "docs/web.md"
TOKEN = f"[token dialplan]\nrole = read\ntoken_hash = {hash_of_token('hm_read')}\n"


def dialplan(web: str) -> str:
    """The example of the docs, for a trunk of the lab; what it would dial is kept in a variable."""
    block = DOCS.read_text().partition("exten => _0X.")[2].partition("```")[0]
    example = f"exten => _0X.{block}".replace("127.0.0.1:8089", web).replace("PJSIP/telekom", "PJSIP/trunk-a")
    assert "Dial(PJSIP/${EXTEN}@" in example
    kept = example.replace("Dial(PJSIP/${EXTEN}@", "Set(GLOBAL(CHOSEN)=").replace(",60)", ")")
    line = DOCS.read_text().partition("Where there are users, it needs a token: `")[2].partition("`")[0]
    assert line.endswith("Bearer …)")
    first, others = kept.split("\n", 1)
    contexts = [f"[default]\n{kept}"]
    for context, token in (("known", "hm_read"), ("unknown", "hm_wrong")):
        contexts.append(f"[{context}]\n{first}\n same => n,{line.replace('…', token)}\n{others}")
    return "\n".join(contexts)


def chosen(scene: Scene, context: str = "default") -> str:
    """Call, and return which trunk the dialplan has taken."""
    scene.pbx.cli("dialplan set global CHOSEN nothing")
    call = {"endpoint": f"Local/0123@{context}", "context": context, "extension": "0123", "priority": 1}
    scene.pbx.ari("POST", "/channels", params=call)

    def kept() -> str:
        shown = scene.pbx.cli("dialplan show globals")
        return next((line.partition("=")[2].strip() for line in shown.splitlines() if "CHOSEN=" in line), "nothing")

    return scene.daemon.wait(lambda: "" if kept() == "nothing" else kept(), "the dialplan has chosen")


def test_a_real_dialplan_takes_the_other_trunk_while_one_is_down_and_the_first_where_nobody_answers(lab: Lab) -> None:
    web = f"{lab.address()}:8089"
    provider = lab.add(Provider(lab.address()))
    endpoint = trunk("trunk-a", provider.uri, **CHECKED_OFTEN)  # type: ignore[arg-type]
    pbx = lab.asterisk(endpoint, options=replace(Options(), extensions=dialplan(web)), start=False)
    pbx.append("modules.conf", "load = res_curl.so\nload = func_curl.so\nload = func_global.so\n")
    pbx.start()
    scene = set_scene(lab, pbx, lab.folder("daemon"), config=f"{WATCHES}\n[web]\nlisten = {web}\n{TOKEN}")
    scene.daemon.wait_for_state("PJSIP/trunk-a", "up")

    scene.daemon.wait(lambda: chosen(scene) == "telekom", "the trunk is up, and taken")
    provider.vanish()
    scene.daemon.wait_for_state("PJSIP/trunk-a", "down")
    scene.daemon.wait(lambda: chosen(scene) == "sipgate", "the other one is taken")
    # A token that is not known is refused, so it was sent; one that is known is answered.
    assert (chosen(scene, "known"), chosen(scene, "unknown")) == ("sipgate", "telekom")
    scene.daemon.stop()
    scene.daemon.wait(lambda: chosen(scene) == "telekom", "nobody answers: the first is tried")
