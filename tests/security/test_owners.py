"""Whom root becomes, and what that one may do."""

from __future__ import annotations

import os
import re
import struct
from pathlib import Path

from healthmon import owners
from healthmon.app.daemon import _become_owner
from healthmon.config.loading.load import load
from healthmon.config.sections.receiver import TemplateFile
from healthmon.errors import ExitCode, StoreError
from healthmon.notify.templates.rendering import Rendering
from healthmon.owners import become_owner
from tests.security.hands import GROUP, REAL, USER, Scene, command, in_a_child, needs_root

pytestmark = needs_root

TEMPLATE = TemplateFile(Path("subject.j2"), "mine: {{ subject }}")


def as_owner(scene: Scene, program: tuple[str, ...]) -> str:
    """Become the owner, and say who one is, and with which rights."""

    def work() -> None:
        owners._owner = REAL
        owners.PROGRAM = program
        become_owner(scene.database)
        rights = re.findall(r"Cap(?:Prm|Eff):\s*(\w+)", Path("/proc/self/status").read_text(encoding="utf-8"))
        ids = [*os.getresuid(), *os.getresgid(), *os.getgroups()]
        os.write(1, f"{ids} {[int(one, 16) for one in rights]}".encode())

    return in_a_child(work).said


def test_root_becomes_the_owner_for_good(scene: Scene) -> None:
    assert as_owner(scene, ("/etc/passwd",)) == f"{[USER] * 3 + [GROUP] * 4} [0, 0]"


def test_who_may_not_read_the_program_keeps_the_right_to_read_and_no_other(scene: Scene) -> None:
    assert as_owner(scene, (str(scene.victim),)) == f"{[USER] * 3 + [GROUP] * 4} [4, 4]"


def test_who_does_not_get_to_the_database_keeps_the_right_to_read_and_no_other(scene: Scene) -> None:
    scene.folder.chmod(0o700)

    assert as_owner(scene, ("/etc/passwd",)) == f"{[USER] * 3 + [GROUP] * 4} [4, 4]"


def wrote_as_root(scene: Scene, program: str) -> Rendering:
    """Start what writes by templates as root, and then become the owner as ``run`` does."""
    owners._owner = REAL
    owners.PROGRAM = (program,)
    rendering = Rendering()
    rendering.write(TEMPLATE, [{"subject": "as root"}], 80)
    _become_owner(load(scene.config), rendering)
    return rendering


def test_what_writes_by_templates_as_root_is_ended(scene: Scene) -> None:
    def work() -> None:
        rendering = wrote_as_root(scene, "/etc/passwd")
        os.write(1, f"{os.getuid()}: {rendering.pid}".encode())

    assert in_a_child(work).said == f"{USER}: None"


def test_what_writes_by_templates_for_one_who_may_not_read_the_program_is_not_root_either(scene: Scene) -> None:
    def work() -> None:
        rendering = wrote_as_root(scene, str(scene.victim))
        [written] = rendering.write(TEMPLATE, [{"subject": "as the owner"}], 80)
        status = Path(f"/proc/{rendering.pid}/status").read_text(encoding="utf-8")
        rights = re.findall(r"(?:Uid|Gid|CapPrm):\s*(\w+)", status)
        rendering.close()
        os.write(1, f"{written}: {[int(word, 16) for word in rights]}".encode())

    said = in_a_child(work).said

    assert said.splitlines()[-1] == f"mine: as the owner: {[int(str(USER), 16), int(str(GROUP), 16), 4]}"


def test_a_user_that_cannot_be_become_is_said_and_nothing_is_touched(scene: Scene) -> None:
    before = scene.database.read_bytes()

    def work() -> None:

        def refuse(_groups: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        os.setgroups = refuse
        command("db", "prune", "--database", str(scene.database))

    done = in_a_child(work)

    assert done.code == ExitCode.DATABASE
    assert done.said == (
        f"healthmon: {scene.database}: root works on it as user {USER}, to whom its folder belongs, and cannot become "
        "that user: Operation not permitted\n"
    )
    assert scene.database.read_bytes() == before


def test_the_first_on_the_way_who_is_not_root_counts(scene: Scene) -> None:
    deeper = scene.library / "deeper"
    deeper.mkdir()
    link = scene.folder / "link"
    link.symlink_to(deeper)
    found = {}
    for path in (scene.database, deeper / "a.db", link / "a.db", link / ".." / "healthmon.db", scene.roots / "a.db"):

        def work(path: Path = path) -> None:
            owners._owner = REAL
            whom = owners.whom_to_become(path)
            os.write(1, str(whom and whom.uid).encode())

        found[path.relative_to(scene.folder)] = in_a_child(work).said

    assert set(found.values()) == {str(USER), "None"}
    assert [str(path) for path, whom in found.items() if whom == "None"] == ["root/a.db"]


def test_a_folder_of_roots_that_an_access_list_opens_to_a_user_is_open(scene: Scene) -> None:
    folder = scene.roots
    database = folder / "healthmon.db"
    folder.chmod(0o750)

    def whom() -> None:
        try:
            os.write(1, str(owners.whom_to_become(database)).encode())
        except StoreError as error:
            os.write(1, str(error).encode())

    assert in_a_child(whom).said == "None"
    os.setxattr(folder, "system.posix_acl_access", access_list(USER))

    assert f"others may write into {folder}" in in_a_child(whom).said


def access_list(user: int) -> bytes:
    """What ``setfacl -m u:USER:rwx`` makes of a folder with the mode 0750 (linux/posix_acl_xattr.h)."""
    nobody = 0xFFFFFFFF
    entries = [(0x01, 7, nobody), (0x02, 7, user), (0x04, 5, nobody), (0x10, 7, nobody), (0x20, 0, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def test_links_in_a_circle_are_no_way(scene: Scene) -> None:
    (scene.library / "healthmon.db").unlink()
    (scene.library / "healthmon.db").symlink_to("healthmon.db")

    assert as_owner(scene, ("/etc/passwd",)).startswith(f"[{USER}, ")
