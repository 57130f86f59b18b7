"""Root gives commands on a database whose owner has planted links: nothing of root's is changed, or given away."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
from typing import Any

import pytest

from healthmon.cli.output import output_to
from healthmon.errors import ExitCode
from healthmon.store.sqlite.copies import make_empty
from tests.cli.test_permission import COMMANDS
from tests.security.hands import GROUP, MEMBER, USER, Scene, as_root, command, in_a_child, needs_root

pytestmark = needs_root

#: What writes.
WRITING = [["db", "prune"], ["db", "rename-pbx", "office", "head"], ["silence", "add", "all", "--for", "1h"], ["run"]]

#: Every name beside the database that healthmon or SQLite opens for writing.
NAMES = [".lock", ".lock.new", ".told-directly", ".told-lost", "-wal", "-shm", "-journal", ".new", ".new-journal"]

#: Every command that uses the database.
ALL = [
    ["run"],
    *COMMANDS,
    ["report", "-o", "OUT"],
    ["export", "-o", "OUT"],
    ["schedule", "list"],
    ["test-alert", "duty"],
]


def given(scene: Scene, words: list[str]) -> list[str]:
    """A command for this scene."""
    places = {"COPY": str(scene.roots / "copy.db"), "OUT": str(scene.roots / "out")}
    return ["-c", str(scene.config), *(places.get(word, word) for word in words)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("words", WRITING, ids=" ".join)
def test_a_link_beside_the_database_harms_nothing_of_roots(scene: Scene, words: list[str], name: str) -> None:
    scene.plant(f"healthmon.db{name}")

    done = as_root(*given(scene, words))

    assert done.code in (ExitCode.OK, ExitCode.DATABASE), done
    assert "Traceback" not in done.said
    assert scene.is_unharmed()
    assert scene.strangers() == []


@pytest.mark.parametrize("name", [".lock", "-wal", "-journal"])
def test_a_second_name_of_a_file_of_roots_is_harmless_beside_the_database(scene: Scene, name: str) -> None:
    scene.plant(f"healthmon.db{name}", hard=True)

    as_root(*given(scene, ["db", "prune"]))

    assert scene.is_unharmed()


def test_a_lock_that_is_a_link_is_refused_in_a_sentence(scene: Scene) -> None:
    scene.plant("healthmon.db.lock")

    done = as_root(*given(scene, ["db", "prune"]))

    assert done.code == ExitCode.DATABASE
    assert done.said == f"healthmon: {scene.database}: its lock {scene.database}.lock cannot be read: it is a link\n"


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_of_root_reads_and_writes_the_database_as_its_owner(scene: Scene, words: list[str]) -> None:
    opened: list[tuple[str, int]] = []
    really = sqlite3.connect

    def connect(name: str, **options: Any) -> sqlite3.Connection:
        opened.append((name, os.geteuid()))
        made: sqlite3.Connection = really(name, **options)
        return made

    def work() -> None:
        sqlite3.connect = connect  # type: ignore[assignment]
        try:
            command(*given(scene, words))
        finally:
            of_database = [uid for name, uid in opened if f"{scene.database}?" in name]
            print("opened as", sorted(set(of_database)))

    done = in_a_child(work)

    assert done.said.splitlines()[-1] == f"opened as [{USER}]", done
    assert scene.strangers() == []


def test_what_pruning_as_root_leaves_belongs_to_the_owner(scene: Scene) -> None:
    (scene.library / "healthmon.db.lock").unlink()

    done = as_root(*given(scene, ["db", "prune"]))

    assert done.code == ExitCode.OK, done
    assert scene.strangers() == []
    assert {each.name: each.stat().st_mode & 0o777 for each in scene.library.iterdir()} == {
        "healthmon.db": 0o640,
        "healthmon.db.lock": 0o600,
    }


def test_a_database_that_is_a_link_is_used_as_whom_the_link_belongs_to(scene: Scene) -> None:
    hidden = scene.roots / "other.db"
    scene.database.replace(hidden)
    os.chown(hidden, 0, 0)
    before = hidden.read_bytes()
    scene.database.symlink_to(hidden)

    done = as_root(*given(scene, ["db", "prune"]))

    assert done.code == ExitCode.DATABASE, done
    assert hidden.read_bytes() == before


def test_a_folder_that_is_a_link_is_used_as_whom_the_link_belongs_to(scene: Scene) -> None:
    aside = scene.roots / "aside"
    scene.library.rename(aside)
    for each in (aside, *aside.iterdir()):
        os.chown(each, 0, 0)
    before = (aside / "healthmon.db").read_bytes()
    scene.library.symlink_to(aside)
    os.chown(scene.library, USER, GROUP, follow_symlinks=False)

    done = as_root(*given(scene, ["db", "rename-pbx", "office", "head"]))

    assert done.code == ExitCode.DATABASE, done
    assert (aside / "healthmon.db").read_bytes() == before


def test_a_folder_that_others_may_write_to_is_refused_where_the_database_is_roots(scene: Scene) -> None:
    for each in (scene.library, *scene.library.iterdir()):
        os.chown(each, 0, 0)
    scene.library.chmod(0o777)

    done = as_root(*given(scene, ["db", "prune"]))

    assert done.code == ExitCode.DATABASE
    assert done.said == (
        f"healthmon: {scene.database}: others may write into {scene.library}, and could put a link in the way of root; "
        f"give it to the user that healthmon is to run as, or, as root: chmod go-w {scene.library}\n"
    )


def test_the_folder_on_the_way_that_others_may_write_to_is_named(scene: Scene) -> None:
    for each in (scene.library, *scene.library.iterdir()):
        os.chown(each, 0, 0)
    scene.folder.chmod(0o777)

    done = as_root(*given(scene, ["db", "prune"]))

    assert done.code == ExitCode.DATABASE
    assert done.said.endswith(f"as root: chmod go-w {scene.folder}\n")


def test_nobody_is_told_to_take_the_folder_of_temporary_files_away_from_all_others(scene: Scene) -> None:
    for each in (scene.library, *scene.library.iterdir()):
        os.chown(each, 0, 0)
    scene.library.chmod(0o1777)

    prune = as_root(*given(scene, ["db", "prune"]))
    scene.library.chmod(0o755)
    everybodys = scene.folder / "tmp"
    everybodys.mkdir()
    everybodys.chmod(0o1777)
    backup = as_root(*given(scene, ["db", "backup", str(everybodys / "copy.db")]))

    assert prune.code == ExitCode.DATABASE
    assert backup.code == ExitCode.USAGE
    for done, folder in ((prune, scene.library), (backup, everybodys)):
        assert f"others may write into {folder}, and could put a link in the way of root; take a folder" in done.said
        assert "chmod" not in done.said


def test_a_folder_that_everybody_may_write_to_is_roots_where_nobody_else_gets_to_it(scene: Scene) -> None:
    for each in (scene.library, *scene.library.iterdir()):
        os.chown(each, 0, 0)
    scene.library.chmod(0o1777)
    scene.folder.chmod(0o700)

    assert as_root(*given(scene, ["db", "prune"])).code == ExitCode.OK


def test_a_copy_of_the_folder_where_its_owner_does_not_get_to_is_used_as_its_owner(scene: Scene) -> None:
    scene.folder.chmod(0o700)

    assert as_root(*given(scene, ["db", "prune"])).code == ExitCode.OK
    assert scene.strangers() == []


def test_a_database_in_a_folder_of_roots_own_is_used_as_root(scene: Scene) -> None:
    for each in (scene.library, *scene.library.iterdir()):
        os.chown(each, 0, 0)

    assert as_root(*given(scene, ["db", "prune"])).code == ExitCode.OK
    assert {each.stat().st_uid for each in scene.library.iterdir()} == {0}


def test_what_run_as_root_once_left_behind_is_met_with_what_root_types_and_no_link_is_given_away(scene: Scene) -> None:
    os.chown(scene.database, 0, 0)
    scene.plant("healthmon.db.link")
    scene.plant("healthmon.db.second-name", hard=True)

    done = as_root(*given(scene, ["db", "prune"]))

    assert done.code == ExitCode.DATABASE
    _, to_type = done.said.strip().rsplit("as root: ", 1)
    subprocess.run(to_type, shell=True, check=True)
    assert scene.is_unharmed()
    assert as_root(*given(scene, ["db", "prune"])).code == ExitCode.OK


# ---------------------------------------------------------------- the output


@pytest.mark.parametrize("words", [["report", "--format", "csv"], ["export"]], ids=" ".join)
def test_an_output_over_somebody_elses_link_is_refused(scene: Scene, words: list[str]) -> None:
    link = scene.plant("latest")

    done = as_root(*given(scene, [*words, "-o", str(link)]))

    assert done.code == ExitCode.PROBLEM
    assert done.said == f"healthmon: {link}: cannot be written: the way there leads over a link of user {USER}\n"
    assert scene.is_unharmed()


def test_an_output_in_a_folder_behind_somebody_elses_link_is_refused(scene: Scene) -> None:
    (scene.library / "reports").symlink_to(scene.roots)
    os.chown(scene.library / "reports", USER, GROUP, follow_symlinks=False)

    done = as_root(*given(scene, ["export", "-o", str(scene.library / "reports" / "passwd")]))

    assert "leads over a link of user" in done.said
    assert [each.name for each in scene.roots.iterdir()] == ["victim"]


def test_an_output_of_a_member_of_the_group_over_the_link_of_another_is_refused(scene: Scene) -> None:
    link = scene.library / "latest"
    link.symlink_to(scene.folder / "elsewhere")
    os.chown(link, USER, GROUP, follow_symlinks=False)

    def write() -> None:
        with output_to(link, scene.database):
            pass

    done = in_a_child(write, uid=MEMBER, gid=GROUP)

    assert f"leads over a link of user {USER}" in done.said


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_an_output_of_root_stays_roots_where_the_owner_may_not_write(scene: Scene, mask: int) -> None:
    out = scene.roots / "out.csv"
    before = os.umask(mask)
    done = as_root(*given(scene, ["export", "-o", str(out)]))
    os.umask(before)

    assert done.code == ExitCode.OK, done
    facts = out.stat()
    assert (facts.st_uid, stat.S_IMODE(facts.st_mode)) == (0, 0o640 & ~mask)
    assert out.read_text().startswith("rev,")
    assert sorted(each.name for each in scene.roots.iterdir()) == ["out.csv", "victim"]


def test_an_output_keeps_the_group_and_the_rights_of_the_one_before_it(scene: Scene) -> None:
    # As a page that the web server's group may read, and that root writes each night.
    out = scene.roots / "out.csv"
    out.touch()
    os.chown(out, 0, GROUP)
    out.chmod(0o640)

    assert as_root(*given(scene, ["export", "-o", str(out)])).code == ExitCode.OK

    facts = out.stat()
    assert (facts.st_uid, facts.st_gid, stat.S_IMODE(facts.st_mode)) == (0, GROUP, 0o640)
    assert out.read_text().startswith("rev,")


def test_an_output_that_is_not_finished_vanishes_also_where_the_owner_may_not_write(scene: Scene) -> None:
    scene.database.write_text("damaged")

    done = as_root(*given(scene, ["export", "-o", str(scene.roots / "out.csv")]))

    assert done.code == ExitCode.DATABASE
    assert [each.name for each in scene.roots.iterdir()] == ["victim"]


@pytest.mark.parametrize("out", ["/dev/stdout", "/dev/fd/1", "/dev/null", "PIPE"])
def test_an_output_to_stdout_a_device_or_a_pipe_is_fine(scene: Scene, out: str) -> None:
    pipe = scene.folder / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)

    done = as_root(*given(scene, ["export", "-o", str(pipe) if out == "PIPE" else out]))

    assert done.code == ExitCode.OK, done
    written = os.read(reading, 100).decode() if out == "PIPE" else done.said
    os.close(reading)
    assert written.startswith("rev,") or out == "/dev/null"


# ---------------------------------------------------------------- the backup


def test_a_backup_of_root_goes_where_the_owner_may_not_write(scene: Scene) -> None:
    copy = scene.roots / "copy.db"

    done = as_root(*given(scene, ["db", "backup", str(copy)]))

    assert done.code == ExitCode.OK, done
    assert sorted(each.name for each in scene.roots.iterdir()) == ["copy.db", "victim"]
    assert (copy.stat().st_uid, stat.S_IMODE(copy.stat().st_mode)) == (0, 0o640)
    os.chown(copy, USER, GROUP)
    copy.rename(scene.library / "copy.db")
    checked = as_root("db", "check", "--database", str(scene.library / "copy.db"))
    assert (checked.code, "no damage" in checked.said) == (ExitCode.OK, True)


def test_a_backup_beside_the_database_is_made_as_its_owner_whatever_was_planted(scene: Scene) -> None:
    for name in ("copy.db.partial", "copy.db.partial-journal", "copy.db.partial-wal", "copy.db.partial-shm"):
        scene.plant(name)

    done = as_root(*given(scene, ["db", "backup", str(scene.library / "copy.db")]))

    assert done.code == ExitCode.OK, done
    assert scene.is_unharmed()
    assert (scene.library / "copy.db").stat().st_uid == USER


def test_a_backup_into_the_folder_of_a_third_user_is_refused(scene: Scene) -> None:
    other = scene.folder / "other"
    other.mkdir()
    os.chown(other, MEMBER, MEMBER)

    done = as_root(*given(scene, ["db", "backup", str(other / "copy.db")]))

    assert done.code == ExitCode.USAGE
    assert done.said == (
        f"healthmon: {other}/copy.db: its folder belongs to user {MEMBER}, who could put a link in the way of root\n"
    )
    assert list(other.iterdir()) == []


def test_a_copy_that_is_made_before_an_upgrade_follows_no_link(scene: Scene) -> None:

    for name in ("copy.partial", "copy.partial-journal"):
        scene.plant(name)

    make_empty(scene.library / "copy.partial")

    assert scene.is_unharmed()
    assert not (scene.library / "copy.partial").is_symlink()
