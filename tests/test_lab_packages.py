"""How the lab gets its programs: from this machine's own mirror, checked, whole or not at all."""

import hashlib
import io
import lzma
import tarfile
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.lab import packages
from tests.lab.__main__ import main
from tests.lab.addresses import Addresses
from tests.lab.download import Downloader
from tests.lab.errors import DownloadFailed, LabError, NotInMirror
from tests.lab.fixtures import need
from tests.lab.index import Index
from tests.lab.kits import RECIPES, Recipe, kit_on_path
from tests.lab.mirror import Mirrors, Source, deb822_sources, main_bases, one_line_sources, release_codename
from tests.lab.packages import PackageStore, cached, fetch
from tests.lab.process import wait_until
from tests.lab.unpack import place, unpack_deb

FAKE = Recipe(name="fake", packages=("fake",), version_prefix="2.", suites=("new", "own"), program="usr/bin/fake")


def make_deb(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A .deb with these files and symbolic links."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size, member.mode = len(body), 0o755
            archive.addfile(member, io.BytesIO(body))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(f"./{name}")
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    members = {"debian-binary": b"2.0\n", "control.tar.xz": b"x", "data.tar.xz": packed.getvalue()}
    parts = [b"!<arch>\n"]
    for name, body in members.items():
        parts.append(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(body):<10}`\n".encode())
        parts.append(body + b"\n" * (len(body) % 2))
    return b"".join(parts)


class Mirror:
    """A tiny Debian mirror on loopback that can be told to send rubbish, or half of a file, a few times."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        #: How often a path still answers badly, and how.
        self.bad: dict[str, tuple[int, str]] = {}
        self.asked: Counter[str] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.base = f"http://127.0.0.1:{self._server.server_port}/debian"

    def add_suite(self, suite: str, packages: dict[str, tuple[str, str, bytes]]) -> None:
        """A suite with packages: name -> (version, Depends, .deb)."""
        paragraphs = []
        for name, (version, depends, deb) in packages.items():
            self.files[f"/debian/pool/{name}_{version}.deb"] = deb
            sha256 = hashlib.sha256(deb).hexdigest()
            lines = [f"Package: {name}", f"Version: {version}", f"Depends: {depends}" if depends else "Section: x"]
            paragraphs.append("\n".join([*lines, f"Filename: pool/{name}_{version}.deb", f"SHA256: {sha256}"]))
        packed = lzma.compress(("\n\n".join(paragraphs) + "\n").encode())
        self.files[f"/debian/dists/{suite}/main/binary-amd64/Packages.xz"] = packed

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(mirror) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - the handler has a self of its own
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                mirror.asked[self.path] += 1
                left, how = mirror.bad.get(self.path, (0, ""))
                mirror.bad[self.path] = (left - 1, how)
                body = mirror.files.get(self.path)
                if body is None or (left > 0 and how == "500"):
                    self.send_error(404 if body is None else 500)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if left > 0:
                    body = {"rubbish": b"?" * len(body), "half": body[: len(body) // 2]}[how]
                    self.close_connection = True
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        return Handler


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A mirror whose suite "new" has fake 2.1, which needs liba; a recipe for it; and no program on PATH."""
    mirror = Mirror()
    libc = make_deb(
        {"lib/x/libc.so.6": b"c", "lib/x/ld-linux-x.so.2": b"ld"}, {"lib64/ld.so": "/lib/x/ld-linux-x.so.2"}
    )
    fake = make_deb({"usr/bin/fake": b"#!", "usr/share/doc/fake/README": b"long"})
    mirror.add_suite("new", {"fake": ("1:2.1-3", "liba (>= 1) | libb", fake), "liba": ("1", "", libc)})
    monkeypatch.setitem(RECIPES, "fake", FAKE)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(packages, "patch", lambda *_: "")
    yield mirror
    mirror.close()


def store_of(mirror: Mirror, cache: Path, tries: int = 3) -> PackageStore:
    downloader = Downloader(pauses=(0.0,) * (tries - 1))
    return PackageStore(cache, Mirrors((mirror.base,), "own-release", "amd64", {}), downloader)


def test_a_kit_is_unpacked_whole_and_found_in_the_cache_afterwards(mirror: Mirror, tmp_path: Path) -> None:
    kit = fetch("fake", tmp_path, store_of(mirror, tmp_path))

    assert (kit.version, kit.origin) == ("2.1", "suite new")
    assert (kit.root / "usr/bin/fake").read_bytes() == b"#!"
    assert (kit.root / "usr/lib64/ld.so").read_bytes() == b"ld"
    assert not (kit.root / "usr/share/doc").exists()
    assert cached("fake", tmp_path) == kit
    mirror.files.clear()
    assert fetch("fake", tmp_path, store_of(mirror, tmp_path)) == kit


@pytest.mark.parametrize("how", ["rubbish", "half", "500"])
def test_a_broken_download_is_tried_again(mirror: Mirror, tmp_path: Path, how: str) -> None:
    path = "/debian/pool/liba_1.deb"
    mirror.bad[path] = (2, how)

    fetch("fake", tmp_path, store_of(mirror, tmp_path))

    assert mirror.asked[path] == 3


@pytest.mark.parametrize("how", ["rubbish", "half", "500"])
def test_a_download_that_stays_broken_leaves_no_kit_and_no_half_file(mirror: Mirror, tmp_path: Path, how: str) -> None:
    mirror.bad["/debian/pool/liba_1.deb"] = (99, how)

    with pytest.raises(LabError, match=r"fake: .*liba_1\.deb: .*3 tries.*no fake on PATH"):
        fetch("fake", tmp_path, store_of(mirror, tmp_path))

    assert cached("fake", tmp_path) is None
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] in (["debs"], [])
    assert not list(tmp_path.glob("debs/liba*"))
    assert not list(tmp_path.glob("**/.part-*"))


def test_a_wrong_checksum_is_named(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(DownloadFailed, match="checksum differs"):
        Downloader(pauses=()).fetch(f"{mirror.base}/pool/liba_1.deb", tmp_path / "liba.deb", "0" * 64)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", ["rubbish", "half", "500"])
def test_a_broken_index_is_tried_again_too(mirror: Mirror, tmp_path: Path, how: str) -> None:
    mirror.bad["/debian/dists/new/main/binary-amd64/Packages.xz"] = (1, how)

    assert fetch("fake", tmp_path, store_of(mirror, tmp_path)).version == "2.1"


def test_an_unpacking_that_fails_leaves_nothing_behind(mirror: Mirror, tmp_path: Path) -> None:
    mirror.add_suite("new", {"fake": ("2.1", "", make_deb({"../outside": b"!"}))})

    with pytest.raises(LabError, match="outside of its folder"):
        fetch("fake", tmp_path, store_of(mirror, tmp_path))

    assert cached("fake", tmp_path) is None
    assert not list(tmp_path.glob(".fake-*"))


def test_a_version_that_no_suite_has_says_where_we_looked(mirror: Mirror, tmp_path: Path) -> None:
    mirror.add_suite("new", {"fake": ("1:3.0", "", b"")})

    with pytest.raises(LabError, match=r"no fake 2\.\* in this machine's mirror \(suites tried: new, own-release\)"):
        fetch("fake", tmp_path, store_of(mirror, tmp_path))


def test_the_releases_own_version_serves_where_no_suite_has_the_wanted_one(mirror: Mirror, tmp_path: Path) -> None:
    mirror.files.clear()
    libc = make_deb({"lib/x/libc.so.6": b"c", "usr/bin/fake": b"#!"})
    mirror.add_suite("own-release", {"fake": ("1:1.8~x", "", libc)})

    kit = fetch("fake", tmp_path, store_of(mirror, tmp_path))

    assert (kit.version, kit.origin) == ("1.8", "suite own-release")


def test_two_that_fetch_at_once_build_it_once(mirror: Mirror, tmp_path: Path) -> None:
    got = []
    threads = [
        threading.Thread(target=lambda: got.append(fetch("fake", tmp_path, store_of(mirror, tmp_path))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(got) == 4
    assert mirror.asked["/debian/pool/liba_1.deb"] == 1


def test_a_missing_compulsory_kit_fails_the_fetch_only_in_ci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tests.lab.packages.this_machine", lambda: Mirrors((), "", "amd64", {}))
    monkeypatch.setattr("tests.lab.packages.kit_on_path", lambda _: None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    monkeypatch.setenv("CI", "false")
    assert main(["fetch"]) == 0
    monkeypatch.setenv("CI", "true")
    assert main(["fetch"]) == 1
    assert main(["fetch", "baresip"]) == 0
    assert "asterisk-22  MISSING: asterisk-22: apt's settings name no mirror" in capsys.readouterr().out


def test_the_closure_prefers_what_comes_first_and_leaves_out_what_it_is_told() -> None:
    text = (
        "Package: a\nVersion: 1\n"
        "Pre-Depends: b:any\nDepends: c (>= 2) | d, virtual, skip-me\nFilename: a\nSHA256: 0\n\n"
        "Package: b\nVersion: 1\nDepends: a\nFilename: b\nSHA256: 0\n\n"
        "Package: d\nVersion: 1\nFilename: d\nSHA256: 0\n\n"
        "Package: e\nVersion: 1\nProvides: virtual (= 1)\nFilename: e\nSHA256: 0\n"
    )
    names = [package.name for package in Index(text).closure(("a",), without=("skip",))]

    assert names == ["a", "b", "d", "e"]
    with pytest.raises(NotInMirror, match="a needs skip-me"):
        Index(text).closure(("a",))


def test_apts_settings_in_both_styles() -> None:
    deb822 = (
        "# x\nTypes: deb\nURIs: http://m.example/debian http://n.example/debian/\nSuites: bookworm\nComponents: main\n"
    )
    old = "deb [arch=amd64 signed-by=/k] http://m.example/debian bookworm main contrib # x\n"
    old += "deb-src http://s.example a main\n"

    assert [source.base for source in deb822_sources(deb822)] == ["http://m.example/debian", "http://n.example/debian/"]
    assert list(one_line_sources(old)) == [Source("http://m.example/debian", "bookworm", ("main", "contrib"))]
    assert list(deb822_sources(deb822 + "Enabled: no\n")) == []


def test_only_the_mirror_of_the_release_itself_is_asked() -> None:
    sources = [
        Source("http://addon.example/deb", "stable", ("main",)),
        Source("http://m.example/debian/", "bookworm", ("main",)),
        Source("http://m.example/debian-security", "bookworm-security", ("main",)),
    ]

    assert main_bases(sources, "bookworm") == ["http://m.example/debian"]


def test_the_releases_name(tmp_path: Path) -> None:
    (tmp_path / "os-release").write_text('NAME="Debian"\nVERSION_CODENAME=bookworm\n')

    assert release_codename(tmp_path / "os-release") == "bookworm"
    assert release_codename(tmp_path / "none") == ""


def test_files_of_old_suites_go_below_usr(tmp_path: Path) -> None:
    deb = tmp_path / "x.deb"
    deb.write_bytes(make_deb({"lib/m/liba.so.1.0": b"a"}, {"usr/lib/m/liba.so": "../../../lib/m/liba.so.1.0"}))

    unpack_deb(deb, tmp_path / "kit")

    assert (tmp_path / "kit/usr/lib/m/liba.so").read_bytes() == b"a"
    assert place("./lib") == place("./") == ""
    with pytest.raises(LabError, match="outside"):
        place("./usr/../../x")


def test_a_test_without_its_kit_skips_with_one_line_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(packages, "kit_on_path", lambda _: None)
    line = "no Asterisk 22 in the lab cache: run `make lab`"

    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match=line):
        need("asterisk-22")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=line):
        need("asterisk-22")


def test_a_program_on_path_serves_as_the_last_resort(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "fake"
    program.write_text("#!/bin/sh\necho Fake 20.6.0~dfsg+x\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    kit = kit_on_path(FAKE)

    assert kit is not None
    assert (kit.version, kit.command()) == ("20.6.0", [str(program)])


def test_two_processes_never_share_an_address() -> None:
    one, other = Addresses(), Addresses()

    assert one.network_number != other.network_number
    assert [one.address(), one.address()] == [f"127.{one.network_number}.1.1", f"127.{one.network_number}.1.2"]
    assert one.subnet() == f"127.{one.network_number}.2"


def test_waiting_says_what_for() -> None:
    with pytest.raises(LabError, match=r"phone 101 online: not within 0\.01 s"):
        wait_until(lambda: False, 0.01, "phone 101 online")
