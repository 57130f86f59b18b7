"""Templates of the user's on a real daemon: whatever stands in them, it starts, and messages go out."""

from __future__ import annotations

from pathlib import Path

from tests.system.fake_scene import fake_scene
from tests.waiting import wait_for

ENDLESS = "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}x"
#: The samples on which templates are tried are for a receiver of another name.
ENDLESS_LATER = f"{{% if receiver == 'oncall' %}}{ENDLESS}{{% endif %}}{{{{ subject }}}}"
HUGE = "{{ subject.ljust(3000000000) }}"


def with_templates(folder: Path, subject: str, body: str) -> str:
    """Write both files; return what names them in the receiver's section."""
    (folder / "subject.j2").write_text(subject)
    (folder / "body.j2").write_text(body)
    return "subject_template = subject.j2\nbody_template = body.j2\n"


def test_a_daemon_starts_with_templates_that_never_end_and_tells_in_its_own_words(tmp_path: Path) -> None:
    with fake_scene(tmp_path, config=with_templates(tmp_path, ENDLESS, HUGE)) as scene:
        scene.down("101")
        message = scene.sink.wait_for_text("DOWN phone 101")

        log = scene.daemon.log()
    assert "healthmon ack" in message.body
    assert "subject.j2: takes longer than" in log
    assert "body.j2:1: needs too much memory; healthmon's own words are used" in log


def test_a_template_that_never_ends_with_real_facts_is_left_out_while_sending(tmp_path: Path) -> None:
    config = with_templates(tmp_path, ENDLESS_LATER, "ours: {{ subject }}")
    with fake_scene(tmp_path, config=config) as scene:
        scene.down("101")
        scene.sink.wait_for_text("DOWN phone 101")
        scene.down("102")
        scene.sink.wait_for_text("DOWN phone 102")

        bodies = [message.body for message in scene.sink.messages]
        log = scene.daemon.log()
    assert [body[:18] for body in bodies] == ["ours: DOWN phone 101"[:18]] * len(bodies)
    assert log.count("healthmon's own words are sent instead") == 1
    assert "subject.j2: takes longer than" in log


def test_a_reload_with_a_template_that_never_ends_changes_nothing(tmp_path: Path) -> None:
    with fake_scene(tmp_path, config=with_templates(tmp_path, "ours: {{ subject }}", "{{ body }}")) as scene:
        (tmp_path / "subject.j2").write_text(ENDLESS)
        scene.daemon.reload()
        wait_for(lambda: "the running one stays" in scene.daemon.log(), timeout=60)
        said = scene.daemon.command("check-config")

        scene.down("101")
        message = scene.sink.wait_for_text("DOWN phone 101")
    assert "subject.j2: takes longer than" in said.stderr
    assert said.returncode == 78
    assert message.subject.startswith("ours: DOWN")
