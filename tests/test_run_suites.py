"""The runner of all suites must not hide a failure."""

import os
import re
import sys
import time
from pathlib import Path

import pytest

from .run_suites import PYTHON, ROOT, WITHOUT_ASTERISK, Suite, count, in_rounds, main, run, run_side_by_side


def written(folder: Path, text: str) -> tuple[str, ...]:
    """A run of pytest over one file with that text."""
    file = folder / "test_written.py"
    file.write_text(text)
    return (PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={folder}", str(file))


def test_passed_failed_and_skipped_are_counted_as_pytest_says(tmp_path: Path) -> None:
    command = written(
        tmp_path,
        "import pytest\ndef test_a(): pass\ndef test_b(): assert 0\n@pytest.mark.skip\ndef test_c(): pass\n",
    )

    assert [counts for counts, _ in count([command], 60)] == [(1, 1, 1)]


def test_a_file_that_cannot_even_be_read_is_a_failure(tmp_path: Path) -> None:
    command = written(tmp_path, "import no_such_module\n")

    assert [counts for counts, _ in count([command], 60)] == [(0, 1, 0)]


def test_a_run_that_finds_no_test_is_a_failure(tmp_path: Path) -> None:
    assert [counts for counts, _ in count([written(tmp_path, "")], 60)] == [(0, 1, 0)]


def test_one_that_fails_does_not_stop_the_others() -> None:
    suite = Suite("x", "", 60, ((sys.executable, "-c", "raise SystemExit(3)"), (sys.executable, "-c", "")))

    result = run(suite)

    assert (result.passed, result.failed) == (1, 1)
    assert "FAILED" in result.sentence


def test_commands_of_a_suite_may_run_side_by_side_and_what_they_print_is_not_mixed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    read = f"print('reading'); print(open({str(tmp_path / 'pipe')!r}).read())"
    write = f"print('writing'); open({str(tmp_path / 'pipe')!r}, 'w').write('written')"
    commands = ((sys.executable, "-c", read), (sys.executable, "-c", write))

    result = run(Suite("x", "", 60, commands, at_once=True))

    assert (result.passed, result.failed) == (2, 0)
    assert capfd.readouterr().out.split()[-3:] == ["reading", "written", "writing"]


def test_suites_may_run_side_by_side_and_what_the_second_prints_is_shown_after_the_first(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    read = f"print('reading'); print(open({str(tmp_path / 'pipe')!r}).read())"
    write = f"print('writing'); open({str(tmp_path / 'pipe')!r}, 'w').write('written'); raise SystemExit(1)"
    first = Suite("x", "reads", 60, ((sys.executable, "-c", read),))
    second = Suite("y", "writes", 60, ((sys.executable, "-c", write),), is_beside=True)

    results = run_side_by_side([first, second])

    assert [(result.passed, result.failed) for result in results] == [(1, 0), (0, 1)]
    words = ["reading", "written", "x", "ok", "writes", "writing", "y", "FAILED"]
    assert [word for word in capfd.readouterr().out.split() if word in words] == words


def test_a_suite_that_is_asked_for_alone_runs_beside_none() -> None:
    a, b, c = Suite("a", "", 1, ()), Suite("b", "", 1, ()), Suite("c", "", 1, (), is_beside=True)

    assert in_rounds([a, b, c]) == [[a], [b, c]]
    assert in_rounds([c]) == [[c]]


def test_a_suite_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    child = f"import os,time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    parent = f"import subprocess,sys; subprocess.run([sys.executable, '-c', {child!r}])"
    suite = Suite("x", "", 1.0, ((sys.executable, "-c", parent),))

    result = run(suite)

    assert result.failed == 1
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while is_running(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether that process still does anything; a zombie that nobody collects does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_no_test_that_needs_an_asterisk_stands_where_the_suite_for_it_does_not_look() -> None:
    needs_one = re.compile(r"\blab(16|22)?: Lab\b|mark\.lab\b|\basterisk_version\b")
    assert needs_one.search((ROOT / "tests/system/test_phones.py").read_text())

    files = [path for folder in WITHOUT_ASTERISK for path in (ROOT / folder).rglob("*.py")]

    assert [str(path) for path in files if needs_one.search(path.read_text())] == []


def test_a_suite_that_nobody_knows_is_a_mistake() -> None:
    with pytest.raises(SystemExit, match="no such suite: unit; there are static, core"):
        main(["unit"])
