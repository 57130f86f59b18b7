"""The demo is played for real, as by an administrator, into a pipe: what it shows, and that nothing is left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from msgspec import Struct

#: On a machine that is busy with other tests (seconds).
PATIENCE = 240.0

#: To whom, and the subject; in this order, and no others.
ALERTS = (
    ("helpdesk", r"DOWN phone Bob & <b>Söhne</b> \(office\) since \d\d:\d\d"),
    ("helpdesk", r"UP phone Bob & <b>Söhne</b> \(office\) after \d+ s"),
    ("helpdesk", r"DOWN site 203\.0\.113\.7 \(office\): 5 of 5 phones since \d\d:\d\d"),
    ("helpdesk", r"UP site 203\.0\.113\.7 \(office\) after \d+ s"),
    ("oncall", r"DOWN provider trunk-telekom \(office\) since \d\d:\d\d"),
    ("oncall", r"UP provider trunk-telekom \(office\) after \d+ s"),
    ("oncall", r"DOWN PBX office since \d\d:\d\d"),
    ("oncall", r"UP PBX office after \d+ s"),
    ("helpdesk", r"DOWN phone 111 \(office\) since \d\d:\d\d"),
)


class Played(Struct, frozen=True):
    """A demo that has ended."""

    folder: Path
    code: int
    out: str
    err: str


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    """Start the demo in an environment that could mislead it: proxies, systemd's words, a broken configuration."""
    (folder / "broken.ini").write_text("[nonsense\n")
    (folder / "tmp").mkdir()
    dead = "http://127.0.0.1:1"
    return subprocess.Popen(
        [sys.executable, "-m", "healthmon", "demo", *options],
        env={
            **{"PATH": os.environ["PATH"], "TMPDIR": str(folder / "tmp"), "LC_ALL": "C", "TZ": "Europe/Berlin"},
            **{"http_proxy": dead, "HTTPS_PROXY": dead, "ALL_PROXY": dead},
            **{"NOTIFY_SOCKET": str(folder / "nobody"), "HEALTHMON_CONFIG": str(folder / "broken.ini")},
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def ended(process: subprocess.Popen[str], folder: Path) -> Played:
    """Wait for its end."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        # Its own tidying up, if it still runs.
        process.terminate()
    return Played(folder, process.returncode, out, err)


def processes_of(folder: Path) -> list[str]:
    """The command lines of running processes that speak of a folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            # It has just ended.
            continue
        if str(folder) in words:
            found.append(words)
    return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("demo")
    yield ended(start(folder), folder)


def test_it_succeeds_without_a_complaint(played: Played) -> None:
    assert (played.code, played.err) == (0, ""), played.out
    assert "Traceback" not in played.out


def test_it_shows_just_the_alerts_that_such_a_day_calls_for(played: Played) -> None:
    shown = re.findall(r"✉ to (\w+)\n +│ (.*)\n", played.out)

    assert len(shown) == len(ALERTS), shown
    for (receiver, subject), (expected_receiver, pattern) in zip(shown, ALERTS, strict=True):
        assert receiver == expected_receiver
        assert re.fullmatch(pattern, subject), subject


def test_a_restart_of_the_pbx_tells_nobody(played: Played) -> None:
    act = played.out.partition("5. The PBX restarts")[2].partition("6. The PBX dies")[0]

    assert "All are back, and nobody was told anything." in act
    assert "✉" not in act


def test_status_and_report_are_shown_as_they_are(played: Played) -> None:
    _, _, status = played.out.partition("$ healthmon status\n")
    _, _, report = status.partition("$ healthmon report --since 1h --incidents\n")

    assert status.startswith("healthmon is running.")
    assert "13 endpoints: 12 up, 1 down." in status
    assert re.search(r"^ +10 .* PJSIP/111 +down ", report, re.MULTILINE)


def test_no_line_is_wider_than_a_terminal_and_none_has_colours(played: Played) -> None:
    assert max(map(len, played.out.splitlines())) <= 80
    assert "\x1b" not in played.out


def test_it_ends_with_what_was_counted_and_what_to_do_next(played: Played) -> None:
    end = " ".join(played.out.partition("That was it")[2].split())

    assert re.search(r"9 alerts were delivered in \d+ s\. .* nothing is left behind\.", end)
    assert "healthmon check-config --connect" in end


def test_it_leaves_neither_a_file_nor_a_process(played: Played) -> None:
    assert list((played.folder / "tmp").iterdir()) == []
    assert processes_of(played.folder) == []


def test_it_says_where_the_web_page_is(played: Played) -> None:
    assert re.search(r"^The web page, as long as this runs: http://127\.0\.0\.1:\d+/$", played.out, re.MULTILINE)


def test_who_wants_to_look_around_finds_all_of_it_up_until_he_has_seen_enough(tmp_path: Path) -> None:
    process = start(tmp_path, "--open-for", "10m")
    assert process.stdout is not None
    while "or until Ctrl-C" not in (line := process.stdout.readline()):
        assert line, "it ended before its end"
    address = re.search(r"http://127\.0\.0\.1:\d+/", line)
    assert address is not None
    with urlopen(address[0], timeout=PATIENCE) as answer:
        page = answer.read().decode()
    while "healthmon -c " not in (line := process.stdout.readline()):
        assert line, "it ended before its end"
    assert Path(line.split()[2]).is_file()

    process.send_signal(signal.SIGINT)

    done = ended(process, tmp_path)
    assert "Down: 1 phone" in page
    assert (done.code, done.err) == (0, "")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert processes_of(tmp_path) == []


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_has_seen_enough_leaves_nothing_behind_either(tmp_path: Path, signum: signal.Signals) -> None:
    process = start(tmp_path)
    assert process.stdout is not None
    while "Somebody pulls the plug" not in (line := process.stdout.readline()):
        assert line, "it ended before its second act"
    assert processes_of(tmp_path)

    process.send_signal(signum)

    done = ended(process, tmp_path)
    assert done.code == 128 + signum
    assert done.err == f"healthmon: the demo was stopped by {signum.name}; nothing is left behind\n"
    assert list((tmp_path / "tmp").iterdir()) == []
    assert processes_of(tmp_path) == []


def test_a_reader_that_has_seen_enough_ends_it(tmp_path: Path) -> None:
    process = start(tmp_path)
    assert process.stdout is not None
    process.stdout.readline()

    process.stdout.close()

    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert process.wait(PATIENCE) == 128 + signal.SIGPIPE
    assert list((tmp_path / "tmp").iterdir()) == []
    assert processes_of(tmp_path) == []
