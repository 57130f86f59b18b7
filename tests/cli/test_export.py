"""``healthmon export``: formats, files, and readers that have seen enough."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace
from pyarrow import parquet

from healthmon.cli.output import OutputFailed, output_to
from healthmon.model import Health
from healthmon.report.admin.export import parquet_rows
from healthmon.store.read.export_pages import EXPORTS, ColumnType, ExportColumn
from tests.cli.conftest import Run
from tests.report.builder import DAY, HOUR, NOW, outage, phone, provider, steps, stopped

TRUNK = provider("trunk")
EVIL = phone("=cmd|'/c calc'!A1")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def office(database: Path) -> Path:
    """A provider that was down yesterday, and a phone with a name that a spreadsheet would run."""
    history = [
        *steps(TRUNK, (NOW - 2 * DAY, Health.UP), (NOW - DAY, Health.DOWN), (NOW - DAY + 0.25, Health.UP)),
        *(replace(one, cause="new\nline;=1+1") for one in steps(EVIL, (NOW - HOUR, Health.UP))),
    ]
    stopped(database, [TRUNK, EVIL], history=history, incidents=[outage(7, TRUNK, NOW - DAY, NOW - DAY + 60)])
    return database


def test_csv_has_a_header_and_times_in_utc(office: Path, run: Run) -> None:
    result = run("export", "--since", "2026-04-30")

    assert (result.exit_code, result.stderr) == (0, "")
    first, second, _ = csv.DictReader(io.StringIO(result.stdout))
    assert list(first) == [column.name for column in EXPORTS["transitions"].columns]
    assert (first["resource"], first["before"], first["after"]) == ("trunk", "up", "down")
    assert (first["at"], second["at"]) == ("2026-04-30T12:00:00.000Z", "2026-04-30T12:00:00.250Z")


def test_without_a_time_all_that_is_kept_is_written(office: Path, run: Run) -> None:
    assert len(run("export").stdout.splitlines()) == 5
    assert len(run("export", "--since", "90m").stdout.splitlines()) == 2
    assert len(run("export", "--until", "2026-04-29").stdout.splitlines()) == 2


def test_names_from_strangers_are_no_formulas_in_csv_and_are_as_they_are_elsewhere(office: Path, run: Run) -> None:
    (as_csv,) = csv.DictReader(io.StringIO(run("export", "--since", "2h").stdout))
    as_json = json.loads(run("export", "--since", "2h", "--format", "jsonl").stdout)

    assert as_csv["resource"] == "'=cmd|'/c calc'!A1"
    assert as_csv["cause"] == "new\\nline;'=1+1"
    assert (as_json["resource"], as_json["cause"]) == ("=cmd|'/c calc'!A1", "new\nline;=1+1")


def test_json_lines_have_every_field_in_the_order_of_the_columns(office: Path, run: Run) -> None:
    for what, export in EXPORTS.items():
        for line in run("export", "--what", what, "--format", "jsonl").stdout.splitlines():
            assert list(json.loads(line)) == [column.name for column in export.columns]

    (incident,) = map(json.loads, run("export", "--what", "incidents", "--format", "jsonl").stdout.splitlines())
    assert (incident["id"], incident["closed_at"]) == (7, "2026-04-30T12:01:00.000Z")
    assert incident["acknowledged_by"] is None


def test_parquet_has_types(office: Path, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "history.parquet"

    result = run("export", "--format", "parquet", "-o", str(file))

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"{file}: 4 transitions\n")
    table = parquet.read_table(file)
    assert [str(field.type) for field in table.schema][:4] == ["int64", "string", "string", "string"]
    assert str(table.schema.field("at").type) == "timestamp[ms, tz=UTC]"
    rows = table.to_pylist()
    assert [row["after"] for row in rows] == ["up", "down", "up", "up"]
    assert rows[1]["at"].timestamp() == NOW - DAY
    assert rows[0]["before"] is None


def test_the_groups_of_a_parquet_file_are_larger_than_a_page(tmp_path: Path) -> None:
    file = tmp_path / "history.parquet"
    columns = [ExportColumn("rev", ColumnType.INTEGER), ExportColumn("at", ColumnType.TIME)]

    with file.open("wb") as output, parquet_rows(output, columns) as write:
        for page in range(9):
            write([(page * 5000 + number, NOW) for number in range(5000)])

    found = parquet.ParquetFile(file).metadata
    assert [found.row_group(number).num_rows for number in range(found.num_row_groups)] == [20_000, 20_000, 5_000]


def test_without_pyarrow_parquet_is_refused_in_one_sentence(
    office: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    file = tmp_path / "history.parquet"

    result = run("export", "--format", "parquet", "-o", str(file))

    assert result.exit_code == 2
    assert result.stderr == (
        "healthmon: parquet is written by pyarrow, which is not installed; with it: pip install 'healthmon[parquet]'\n"
    )
    assert not file.exists()


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_database_that_cannot_be_read_is_one_sentence_whatever_the_format(tmp_path: Path, form: str) -> None:
    arguments = ["--database", str(tmp_path / "none.db"), "--format", form, "-o", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "healthmon", "export", *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )

    assert done.returncode == 73
    assert done.stderr.endswith("there is no database here yet; the daemon makes it when it first runs\n")
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    file.write_bytes(b"the old one")
    file.chmod(0o640)

    with pytest.raises(KeyboardInterrupt), output_to(file, tmp_path / "healthmon.db") as out:
        out.write(b"half of the new")
        out.flush()
        assert file.read_bytes() == b"the old one"
        raise KeyboardInterrupt

    assert file.read_bytes() == b"the old one"
    with output_to(file, tmp_path / "healthmon.db") as out:
        out.write(b"the new one")
    assert file.read_bytes() == b"the new one"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]


def test_a_new_file_has_the_rights_that_the_user_gives_to_files(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with output_to(tmp_path / "new", tmp_path / "healthmon.db") as out:
            out.write(b"x")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    file, link, pipe = tmp_path / "file", tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(file)
    with output_to(link, tmp_path / "healthmon.db") as out:
        out.write(b"x")
    assert link.is_symlink() and file.read_bytes() == b"x"

    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with output_to(pipe, tmp_path / "healthmon.db") as out:
        out.write(b"through")
    assert os.read(reading, 100) == b"through"
    os.close(reading)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_where_nothing_can_be_written_one_sentence_says_so(office: Path, run: Run, tmp_path: Path) -> None:
    result = run("export", "-o", str(tmp_path / "nowhere" / "out.csv"))

    assert result.exit_code == OutputFailed.exit_code
    assert result.stderr == f"healthmon: {tmp_path}/nowhere/out.csv: cannot be written: No such file or directory\n"


def test_a_full_disk_is_said_in_one_sentence(office: Path, run: Run) -> None:
    result = run("export", "-o", "/dev/full")

    assert result.exit_code == OutputFailed.exit_code
    assert result.stderr == "healthmon: /dev/full: cannot be written: No space left on device\n"


@pytest.mark.parametrize("command", [["export"], ["report"]])
@pytest.mark.parametrize("end", ["", ".lock"])
def test_the_database_itself_is_never_written_over(office: Path, run: Run, command: list[str], end: str) -> None:
    target = Path(f"{office}{end}")
    before = office.read_bytes()

    result = run(*command, "-o", str(target))

    assert result.exit_code == OutputFailed.exit_code
    assert result.stderr == f"healthmon: {target}: this belongs to the database itself\n"
    assert office.read_bytes() == before


@pytest.mark.parametrize("command", ["export", "report", "history trunk", "status"])
def test_where_stdout_takes_nothing_one_sentence_says_so(office: Path, command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "healthmon", *command.split(), "--database", str(office)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            check=False,
        )

    assert (done.returncode, done.stderr) == (1, "healthmon: the output cannot be written: No space left on device\n")


def test_a_reader_that_has_seen_enough_ends_it_quietly(database: Path) -> None:
    long = steps(TRUNK, *((NOW - DAY + number, Health.UP if number % 2 else Health.DOWN) for number in range(30_000)))
    stopped(database, [TRUNK], history=long)

    for form in ("csv", "jsonl", "parquet"):
        command = f"'{sys.executable}' -m healthmon export --database '{database}' --format {form}"
        done = subprocess.run(
            f"{command} | head -c 10 >'{database}.head'; exit ${{PIPESTATUS[0]}}",
            shell=True,
            executable="/bin/bash",
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=False,
        )
        assert (done.returncode, done.stderr) == (141, ""), form


@pytest.mark.parametrize("command", ["export", "report"])
def test_a_dash_is_standard_output_and_no_file(
    office: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    words = [command, *(["--format", "json"] if command == "report" else [])]

    for dash in (["-o", "-"], ["-o-"], ["--output", "-"]):
        result = run(*words, *dash)

        assert (result.exit_code, result.stderr) == (0, "")
        assert "trunk" in result.stdout
    assert list(folder.iterdir()) == []


def test_a_file_that_is_called_like_a_dash_can_be_written(
    office: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)

    assert run("export", "-o", "./-").exit_code == 0

    assert (folder / "-").read_text().startswith("rev,")
