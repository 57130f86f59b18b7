"""``python -m tests.system.overwriting [SEED [MINUTES]]``: damages a database's files under a running healthmon.

In each round dice choose a file (the database, its ``-wal``, its ``-shm``) and what is done to it, while the daemon
writes and commands read. Then healthmon is started again, as the service does. Prints a line for each round and, for
each kind of damage, how the daemon, the commands and the next start ended.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.system.fake_scene import FakeScene, fake_scene, phones

MINUTES = 10.0
PHONES = 200
#: So long the daemon may go on with what was damaged before it is taken for one that can (seconds).
GOES_ON = 15.0
STARTS_WITHIN = 40.0

#: Reads as a command does, again and again; a StoreError is what a command says in a sentence.
READER = """
import sys
from pathlib import Path
from healthmon.errors import StoreError
from healthmon.store.read.queries import open_reader
while True:
    try:
        with open_reader(Path(sys.argv[1])) as reader:
            for _ in range(20):
                reader.states(), reader.urls(), reader.incidents(0, 1e10)
    except StoreError as error:
        print(error, flush=True)
"""


def emptied(path: Path, _dice: random.Random) -> None:
    """Leave nothing."""
    _truncate(path, 0)


def cut(path: Path, dice: random.Random) -> None:
    """Leave a part."""
    _truncate(path, int(path.stat().st_size * dice.random()))


def garbage_everywhere(path: Path, dice: random.Random) -> None:
    """Overwrite all that is there."""
    _write(path, 0, dice.randbytes(path.stat().st_size))


def garbage_in_places(path: Path, dice: random.Random) -> None:
    """Overwrite some pieces again and again, while it is read and written."""
    for _ in range(200):
        _write(path, dice.randrange(max(1, path.stat().st_size)), dice.randbytes(dice.choice((1, 8, 100, 4096))))
        time.sleep(0.01)


def garbage_at_its_head(path: Path, dice: random.Random) -> None:
    """Overwrite some of its first bytes."""
    _write(path, dice.randrange(0, 200), dice.randbytes(dice.choice((1, 4, 100))))


def zeros_in_places(path: Path, dice: random.Random) -> None:
    """What a disk leaves that lost some blocks."""
    for _ in range(20):
        _write(path, dice.randrange(0, max(1, path.stat().st_size // 4096)) * 4096, bytes(4096))


def older_state(path: Path, _dice: random.Random) -> None:
    """Copy over it what it was some seconds before."""
    earlier = path.read_bytes()
    time.sleep(5)
    _write(path, 0, earlier)


def cut_and_grown(path: Path, _dice: random.Random) -> None:
    """Empty it, and write the same again, some times: what ``cp`` of a copy does."""
    for _ in range(20):
        content = path.read_bytes()
        _truncate(path, 0)
        _write(path, 0, content)
        time.sleep(0.02)


KINDS: tuple[Callable[[Path, random.Random], None], ...] = (
    emptied,
    cut,
    garbage_everywhere,
    garbage_in_places,
    garbage_at_its_head,
    zeros_in_places,
    older_state,
    cut_and_grown,
)
ENDS = ("", "-wal", "-shm")


def _truncate(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)


def _write(path: Path, at: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)


def in_words(code: int | None) -> str:
    """Say how a process ended."""
    if code is None:
        return "runs"
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


@contextmanager
def phones_come_and_go(scene: FakeScene, dice: random.Random) -> Iterator[None]:
    """Have the daemon write all the time."""
    ended = threading.Event()

    def play() -> None:
        while not ended.wait(0.02):
            name = f"PJSIP/{101 + dice.randrange(PHONES)}"
            dice.choice((scene.pbx.phone_down, scene.pbx.phone_up))(name)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Readers:
    """Commands that read while the files are damaged."""

    def __init__(self, scene: FakeScene) -> None:
        self._scene = scene
        self.ends: Counter[str] = Counter()
        self.unclear: list[str] = []
        self._loop = subprocess.Popen(
            [sys.executable, "-c", READER, str(scene.daemon.database)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def give_commands(self) -> None:
        """Ask once each."""
        for words in (("status",), ("report", "--since", "1h"), ("incidents",)):
            done = self._scene.daemon.command(*words)
            self._note(words[0], done.returncode, done.stderr)

    def close(self) -> None:
        """End the one that reads all the time."""
        if self._loop.poll() is None:
            self._loop.kill()
            self._loop.communicate()
            return
        self._note("reader", self._loop.returncode, self._loop.communicate()[1])

    def _note(self, name: str, code: int, stderr: str) -> None:
        self.ends[f"{name} {in_words(code)}"] += 1
        if "Traceback" in stderr:
            self.unclear.append(f"{name}: {stderr.strip().splitlines()[-1]}")


def play(seed: str, kind: Callable[[Path, random.Random], None], end: str) -> tuple[str, Readers, str]:
    """One round: return how the daemon ended, what the commands did, and how the next start went."""
    dice = random.Random(seed)
    folder = Path(tempfile.mkdtemp(prefix="overwriting-"))
    with fake_scene(folder, phones(PHONES)) as scene:
        readers = Readers(scene)
        with phones_come_and_go(scene, dice):
            time.sleep(2 + 3 * dice.random())
            with suppress(FileNotFoundError):
                kind(Path(f"{scene.daemon.database}{end}"), dice)
            readers.give_commands()
            with suppress(subprocess.TimeoutExpired):
                scene.daemon.process.wait(GOES_ON)
            ended = in_words(scene.daemon.process.poll())
            defect = "Traceback" in scene.daemon.log()
            readers.close()
        if scene.daemon.process.poll() is None:
            scene.daemon.kill()
        following = _next_start(scene)
        scene.daemon.close()
        if defect or "Traceback" in following:
            shutil.copyfile(scene.daemon.log_path, folder.with_suffix(".log"))
    shutil.rmtree(folder)
    return ended + (" (traceback)" if defect else ""), readers, following


def _next_start(scene: FakeScene) -> str:
    """Start as the service does; return how that went, and what ``db check`` says then."""
    before = len(scene.daemon.log())
    scene.daemon.start(until_seen=False)
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline and scene.daemon.process.poll() is None:
        if "ready: every PBX was looked at" in scene.daemon.log()[before:]:
            break
        time.sleep(0.1)
    said = scene.daemon.log()[before:]
    outcome = in_words(scene.daemon.process.poll())
    checked = scene.daemon.command("db", "check").returncode
    traceback = " (Traceback)" if "Traceback" in said else ""
    return f"{outcome}{traceback}, db check {checked}"


def main(seed: str = "1", minutes: float = MINUTES) -> None:
    """Play for so long."""
    deadline, number = time.monotonic() + minutes * 60, 0
    dice, ends = random.Random(seed), defaultdict[str, Counter[str]](Counter)
    rounds = [(kind, end) for kind in KINDS for end in ENDS]
    while time.monotonic() < deadline:
        if number % len(rounds) == 0:
            dice.shuffle(rounds)
        kind, end = rounds[number % len(rounds)]
        number += 1
        ended, readers, following = play(f"{seed}-{number}", kind, end)
        name = f"{end or 'database'} {kind.__name__}"
        print(f"{number}: {name}: daemon {ended}; next start: {following}; {dict(readers.ends)}", flush=True)
        for words in readers.unclear:
            print(f"    UNCLEAR {words}", flush=True)
        ends[name][f"daemon {ended}; next start {following}"] += 1
        ends[name].update(readers.ends)
    for name, counts in sorted(ends.items()):
        print(name, dict(counts))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "1", float(sys.argv[2]) if len(sys.argv) > 2 else MINUTES)
