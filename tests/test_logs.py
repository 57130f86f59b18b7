"""Log lines: as journald likes them where they go to the journal, with times everywhere else, never with a secret."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from healthmon import logs
from healthmon.errors import AriError
from healthmon.notify.channels.redact import Redactor
from tests.wire.clients import ask_rest
from tests.wire.raw import RawPeer


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Give the root logger back what it had."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def written(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    journal: str | None,
    words: str = "one",
    stack: str = "two s3cr3t-word",
) -> str:
    """What stderr gets from a warning and the line below it; ``journal``: JOURNAL_STREAM, ``{}``: this very stderr."""
    with (folder / "stderr").open("w+", encoding="utf-8") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        monkeypatch.delenv("JOURNAL_STREAM", raising=False)
        if journal is not None:
            about = os.fstat(stderr.fileno())
            monkeypatch.setenv("JOURNAL_STREAM", journal.format(f"{about.st_dev}:{about.st_ino}"))
        logs.set_up("info", Redactor([], ["s3cr3t-word"]))
        record = logging.makeLogRecord({"msg": "%s", "args": (words,), "levelno": 30, "levelname": "WARNING"})
        record.exc_text = stack
        logging.getLogger("healthmon").handle(record)
        stderr.seek(0)
        return stderr.read()


def test_in_the_journal_each_line_has_its_priority_and_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert written(tmp_path, monkeypatch, "{}") == "<4>one\n<4>two ***\n"


@pytest.mark.parametrize("journal", [None, "", "8:12345", "nonsense"])
def test_elsewhere_a_line_has_its_time_and_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: str | None
) -> None:
    # A shell that a desktop's systemd started hands JOURNAL_STREAM on to whatever is run in its terminal.
    shown = written(tmp_path, monkeypatch, journal)

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} WARNING one\ntwo \*\*\*\n", shown)


@pytest.mark.parametrize("journal", [None, "{}"])
def test_a_name_from_a_stranger_forges_no_line_and_moves_no_cursor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, journal: str | None
) -> None:
    shown = written(tmp_path, monkeypatch, journal, words="phone a\nERROR forged\x1b[2J\u202e☎ é", stack="")

    assert shown.endswith("phone a\\nERROR forged\\x1b[2J\\u202e☎ é\n")
    assert shown.count("\n") == 1


def test_a_stderr_that_is_no_file_is_no_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:12345")
    monkeypatch.setattr(sys, "stderr", None)

    assert not logs.is_under_journald()


def test_a_log_that_nobody_reads_holds_nothing_up_and_says_later_how_many_lines_are_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # As when journald hangs, or nobody reads the output of a container: the pipe is full.
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb", buffering=0) as shown, os.fdopen(writer, "w", encoding="utf-8") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        monkeypatch.setattr(logs, "PATIENCE", 0.1)
        logs.set_up("info", Redactor([]))
        fill(writer)

        def work() -> None:
            for number in range(3):
                logging.getLogger("healthmon").info("lost %d %s", number, "x" * 5000)

        worker = Thread(target=work, daemon=True)
        worker.start()
        worker.join(10)
        is_held_up = worker.is_alive()
        shown.read(1_000_000)
        logging.getLogger("healthmon").info("taken again")

        assert not is_held_up
        said = shown.read(100_000).decode()
        assert re.fullmatch(r".* WARNING 3 lines of this log are lost: nobody took them\n.* taken again\n", said)


def fill(pipe: int) -> None:
    """Write into a pipe until it takes nothing more."""
    os.set_blocking(pipe, False)
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, b"x" * 4096)
    os.set_blocking(pipe, True)


def test_a_peer_with_odd_headers_writes_no_tracebacks_into_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up("info", Redactor([]))

    with RawPeer() as peer:
        peer.says(b"HTTP/1.1 500 No\r\nno colon\r\nContent-Length: 0\r\n\r\n")
        with pytest.raises(AriError):
            ask_rest(peer.port)

    assert capsys.readouterr().err == ""
