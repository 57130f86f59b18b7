"""Texts by templates of the user's: what they can write, what they cannot, and what happens when they break."""

from __future__ import annotations

import errno
import logging
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from time import monotonic
from typing import NoReturn

import pytest
from msgspec.structs import replace

from healthmon.config.sections.receiver import ReceiverConfig, TemplateFile
from healthmon.languages import language
from healthmon.model import Reason
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.message import Message
from healthmon.notify.compose.message_lines import lines_of
from healthmon.notify.compose.voice import Voice
from healthmon.notify.templates.context import context_of
from healthmon.notify.templates.rendering import MOST_MEMORY, WITHIN, Rendering
from healthmon.notify.templates.samples import sample_rows, why_broken
from healthmon.notify.templates.user_words import Templates
from healthmon.store.outbox.outbox import ClaimedRow
from tests.notify.post import Post
from tests.notify.rows import BERLIN, ENGLISH, NOW, TELEKOM, incident, phone, row
from tests.waiting import wait_for

BODY = """\
{% for one in incidents %}
* {{ one.headline }}: {{ one.why }}, {{ one.since }}
{% endfor %}
{{ receiver }}, {{ mood }}, {{ incidents | length }} in all
"""
DOCUMENT = Path(__file__).parents[3] / "docs" / "messages.md"


#: One process writes all that these tests want written.
RENDERING = Rendering()


def templates(subject: str = "", body: str = "") -> Templates:
    """Templates of the receiver oncall; empty: none."""
    files = [TemplateFile(Path(name), text) if text else None for name, text in (("s.j2", subject), ("b.j2", body))]
    return Templates(ReceiverConfig("oncall", (), subject_template=files[0], body_template=files[1]), RENDERING)


_DOUBLING = (
    "{{% set n = namespace(s={0}) %}}{{% for a in range(60) %}}{{% set n.s = n.s {1} n.s %}}{{% endfor %}}{{{{ n.s }}}}"
)


def rss_of(pid: int | None) -> int:
    """How much memory a process has (bytes)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def written(rows: Sequence[ClaimedRow], subject: str = "", body: str = "", voice: Voice = ENGLISH) -> Message:
    return templates(subject, body).compose(rows, voice)


def broken(text: str) -> str | None:
    return why_broken(TemplateFile(Path("/etc/healthmon/b.j2"), text), RENDERING)


def test_a_template_writes_what_the_user_wants() -> None:
    rows = [row(incident(TELEKOM)), row(incident(phone("101"), 7))]

    message = written(rows, "[{{ incidents[0].severity }}] {{ subject }}", BODY)

    assert message.subject == "[critical] DOWN provider Telekom (office) + 1 more"
    assert message.body == (
        "* DOWN provider Telekom (office): does not answer OPTIONS (contact Unreachable), 14:02:11 CEST (UTC+2)\n"
        "* DOWN phone 101 (office): does not answer OPTIONS (contact Unreachable), 14:02:11 CEST (UTC+2)\n"
        "oncall, failure, 2 in all"
    )


def test_what_has_no_template_stays_as_it_is() -> None:
    rows = [row(incident(TELEKOM))]
    ours = compose(rows, ENGLISH)

    assert written(rows, "ALARM") == replace(ours, subject="ALARM")
    assert written(rows, body="ALARM") == replace(ours, body="ALARM")


def test_a_template_speaks_the_language_of_its_receiver() -> None:
    russian = Voice(language("ru"), BERLIN, NOW)

    assert written([row(incident(TELEKOM))], "{{ incidents[0].headline }}", voice=russian).subject == (
        "НЕДОСТУПЕН провайдер Telekom (office)"
    )


def test_names_of_strangers_are_harmless_in_a_template_too() -> None:
    message = written(
        [row(incident(phone("evil\u202e\n\x1b{{ 7 * 7 }}")))], "{{ incidents[0].name }}", "{{ incidents[0].target }}"
    )

    assert message.subject == r"evil\u202e\n\x1b{{ 7 * 7 }}"
    assert message.body == r"PJSIP/evil\u202e\n\x1b{{ 7 * 7 }} on office"


def test_a_text_is_bounded_and_a_subject_is_one_line() -> None:
    long = "{% for number in range(2000) %}line {{ number }}\n{% endfor %}"

    message = written([row(incident(TELEKOM))], long, long)

    assert len(message.subject) == 200
    assert 3490 < len(message.body) <= 3500
    assert message.subject.startswith("line 0 line 1 ")
    assert message.body.endswith("…")


def test_a_template_that_writes_without_end_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    endless = "{% for a in range(90000) %}{% for b in range(90000) %}line {{ b }}\n{% endfor %}{% endfor %}"

    message = written([row(incident(TELEKOM))], endless, endless)

    assert message.subject.startswith("DOWN provider Telekom (office)")
    assert "line 0" not in message.body
    assert "writes more than 256 kB; healthmon's own words are sent instead" in caplog.text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{% for one in incidents %}\n{{ one.id }", "/etc/healthmon/b.j2:2: unexpected '}'"),
        ("\n{{ incidnts }}", "/etc/healthmon/b.j2:2: 'incidnts' is undefined"),
        ("{{ incidents[0].closed_at[:10] }}", "/etc/healthmon/b.j2:1: TypeError: 'NoneType' object"),
        ("{{ incidents[1].id }}", "/etc/healthmon/b.j2:1: list object has no element 1"),
        ("{% if word == 'DOWN' %}down{% endif %}", "/etc/healthmon/b.j2: writes nothing"),
        ("{{ 1 / others_down }}", "/etc/healthmon/b.j2:1: ZeroDivisionError: division by zero"),
        ("{% macro again() %}{{ again() }}{% endmacro %}\n{{ again() }}", "RecursionError"),
    ],
)
def test_a_broken_template_is_found_before_it_is_used_with_file_and_line(text: str, why: str) -> None:
    said = broken(text)

    assert said is not None
    assert why in said


@pytest.mark.parametrize(
    "text",
    [
        "{% include '/etc/passwd' %}",
        "{% extends 'x' %}",
        "{% import 'x' as x %}",
        "{{ incidents.__class__.__mro__ }}",
        "{{ subject.format.__globals__ }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ '{0.__class__}'.format(subject) }}",
        "{{ incidents.append(1) or cycler.__init__.__globals__ }}",
        "{{ 'x' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{% for a in range(1000000) %}x{% endfor %}",
    ],
)
def test_a_template_reaches_no_file_and_nothing_of_python(text: str) -> None:
    assert broken(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}x", id="two loops"),
        pytest.param("{{ lipsum(n=100000000) }}", id="lipsum"),
        pytest.param(_DOUBLING.format("9", "*"), id="a number squared again and again"),
    ],
)
def test_a_template_that_takes_longer_than_two_seconds_is_stopped(text: str) -> None:
    began = monotonic()

    said = broken(text)

    # 2 s of processor time; where others leave too little of it, 10 s.
    assert said is not None
    assert re.fullmatch(r"/etc/healthmon/b.j2: takes longer than (2|10) s", said)
    assert monotonic() - began < WITHIN + 3
    assert broken("{{ subject }}") is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{{ subject.ljust(3000000000) }}", id="ljust"),
        pytest.param("{{ 'x'.ljust(3000000000) }}", id="ljust, worked out beforehand"),
        pytest.param("{{ subject | indent(2000000000) }}", id="indent"),
        pytest.param("{{ '%3000000000d' % (others_down or 1) }}", id="percent"),
        pytest.param("{{ '{:>3000000000}'.format(1) }}", id="format"),
        pytest.param("{{ subject | center(3000000000) }}", id="center"),
        pytest.param("{{ ['x'] | batch(1000000000, 'y') | list }}", id="batch"),
        pytest.param(_DOUBLING.format("'x'", "+"), id="a text doubled again and again"),
        pytest.param(_DOUBLING.format("'x'", "~"), id="a text joined to itself again and again"),
    ],
)
def test_a_template_that_needs_too_much_memory_is_stopped(text: str) -> None:
    assert broken(text) == "/etc/healthmon/b.j2:1: needs too much memory"
    assert rss_of(RENDERING.pid) < MOST_MEMORY
    assert broken("{{ subject }}") is None


def test_a_template_that_writes_more_than_256_kb_at_once_is_stopped() -> None:
    assert broken("{{ 'x'.ljust(300000) }}") == "/etc/healthmon/b.j2: writes more than 256 kB"


def test_a_template_that_kills_the_process_which_writes_is_broken() -> None:
    assert broken("{{ subject }}") is None
    assert RENDERING.pid is not None

    os.kill(RENDERING.pid, signal.SIGKILL)

    said = broken("{{ subject }}")
    assert said is not None
    assert "ends the process that does it" in said
    assert broken("{{ subject }}") is None


def test_where_no_process_can_be_started_our_own_words_are_sent(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [row(incident(TELEKOM))]
    file = TemplateFile(Path("b.j2"), "{{ subject }}")
    with closing(Rendering()) as rendering, monkeypatch.context() as patched:
        mine = Templates(ReceiverConfig("oncall", (), body_template=file), rendering)
        patched.setattr(subprocess, "Popen", _no_more_processes)

        assert mine.compose(rows, ENGLISH) == compose(rows, ENGLISH)
        patched.undo()
        assert mine.compose(rows, ENGLISH).body == "DOWN provider Telekom (office) since 14:02"

    [record] = caplog.records
    assert "no process could be started for it" in record.getMessage()


def _no_more_processes(*_arguments: object, **_options: object) -> NoReturn:
    raise OSError(errno.EAGAIN, "Resource temporarily unavailable")


def test_the_process_that_writes_has_no_secret_no_descriptor_and_ends_with_us() -> None:
    code = (
        "import os, sys; from healthmon.notify.templates.rendering import Rendering; "
        "from healthmon.config.sections.receiver import TemplateFile; from pathlib import Path; "
        "held = [open(os.devnull) for _ in range(9)]; [os.set_inheritable(one.fileno(), True) for one in held]; "
        "one = Rendering(); one.write(TemplateFile(Path('b'), 'x'), [{}], 9); process = f'/proc/{one.pid}'; "
        "print(one.pid, len(os.listdir(process + '/fd')), 'hunter2' in open(process + '/environ').read(), "
        "'VmRSS' in open(process + '/status').read(), flush=True); os.kill(os.getpid(), 9)"
    )
    environ = {**os.environ, "PASSWORD": "hunter2"}

    said = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)

    pid, *facts = said.stdout.split()
    assert facts == ["3", "False", "True"]
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or "zombie" in Path(f"/proc/{pid}/status").read_text())


def test_a_good_template_writes_every_sample() -> None:
    assert broken(BODY) is None
    assert {one.reason for rows in sample_rows() for one in rows} == set(Reason)
    assert {len(rows) for rows in sample_rows()} >= {1, 2}


def test_what_breaks_at_run_time_falls_back_to_our_own_words_and_is_logged_once(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    file = TemplateFile(Path("/etc/healthmon/s.j2"), "\n{{ incidents[0].name | int / 0 }}")
    post.receiver = replace(post.receiver, subject_template=file)
    post.start()

    with caplog.at_level(logging.ERROR):
        post.opens(1)
        post.run(10)
        post.opens(2)
        post.run(10)

    assert [subject.partition(" since")[0] for subject in post.channel.subjects] == [
        "DOWN phone 101 (office)",
        "DOWN phone 102 (office)",
    ]
    [record] = caplog.records
    assert record.getMessage() == (
        "/etc/healthmon/s.j2:2: ZeroDivisionError: division by zero; healthmon's own words are sent instead"
    )


def test_a_template_that_cannot_even_be_read_falls_back(caplog: pytest.LogCaptureFixture) -> None:
    message = written([row(incident(TELEKOM))], "{{", "{% nonsense %}")

    assert message == compose([row(incident(TELEKOM))], ENGLISH)
    assert len(caplog.records) == 2


def test_jinja2_is_not_loaded_where_there_is_no_template() -> None:
    code = (
        "import sys, healthmon.notify.delivery.deliverer, healthmon.notify.templates.samples; "
        "import healthmon.cli.check_config; "
        "from healthmon.config.sections.receiver import ReceiverConfig; "
        "from healthmon.notify.templates.user_words import Templates; "
        "from healthmon.notify.templates.rendering import Rendering; rendering = Rendering(); "
        "Templates(ReceiverConfig('oncall', ()), rendering); sys.exit('jinja2' in sys.modules or rendering.pid)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_manual_names_all_that_a_template_can_use() -> None:
    rows = [row(incident(TELEKOM))]
    facts = context_of(compose(rows, ENGLISH), lines_of(rows), ENGLISH)
    own = set(facts) - set(compose(rows, ENGLISH).facts) | {"receiver"}
    own |= set(facts["incidents"][0]) - set(compose(rows, ENGLISH).facts["incidents"][0])

    explained = set(re.findall(r"`(\w+)`", DOCUMENT.read_text().partition("## Templates")[2]))

    assert own - explained == set()
