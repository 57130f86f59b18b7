"""Unpacks .deb files without root and without dpkg: an ar archive that holds a tar of the files."""

import gzip
import io
import lzma
import os
import subprocess
import tarfile
from pathlib import Path, PurePosixPath

from .errors import LabError

#: Nothing reads these; without them a kit takes half the space and a third of the time.
UNWANTED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian")

#: Older suites ship into /lib and /bin, newer ones into /usr/lib and /usr/bin: in a kit all is below /usr.
MERGED = {"lib", "bin", "sbin", "lib64"}


def unpack_deb(deb: Path, folder: Path) -> None:
    """Put the files of a .deb below `folder`, owned by whoever runs this."""
    with tarfile.open(fileobj=io.BytesIO(data_tar(deb)), mode="r:") as archive:
        for member in archive:
            _put(archive, member, folder)


def data_tar(deb: Path) -> bytes:
    """The tar of a .deb's files, decompressed."""
    for name, body in ar_members(deb.read_bytes()):
        if name == "data.tar.xz":
            return lzma.decompress(body)
        if name == "data.tar.gz":
            return gzip.decompress(body)
        if name.startswith("data.tar"):
            # Zstandard (Ubuntu): Python cannot read that before 3.14, but where it is used there is dpkg-deb.
            return subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, check=True).stdout
    raise LabError(f"{deb.name}: no data.tar in it")


def ar_members(archive: bytes) -> list[tuple[str, bytes]]:
    """Name and contents of each member of an ar archive (see ar(5): 60 bytes of header, even offsets)."""
    if not archive.startswith(b"!<arch>\n"):
        raise LabError("not an ar archive")
    members = []
    offset = 8
    while offset + 60 <= len(archive):
        header = archive[offset : offset + 60]
        size = int(header[48:58])
        offset += 60
        members.append((header[:16].decode().strip().rstrip("/"), archive[offset : offset + size]))
        offset += size + size % 2
    return members


def _put(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    path = place(member.name)
    if not path or path.startswith(UNWANTED):
        return
    target = folder / path
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    if member.issym():
        target.symlink_to(_inside(member.linkname, member.name, path))
    elif member.islnk():
        target.hardlink_to(folder / place(member.linkname))
    elif member.isfile():
        body = archive.extractfile(member)
        assert body is not None
        target.write_bytes(body.read())
        target.chmod(member.mode | 0o600)


def place(name: str) -> str:
    """Where a member of a package goes, relative to the kit; "" for the root itself."""
    parts = [part for part in PurePosixPath(name).parts if part not in {".", "/"}]
    if ".." in parts:
        raise LabError(f"a package wants to write outside of its folder: {name}")
    if parts and parts[0] in MERGED:
        parts = ["usr", *parts] if len(parts) > 1 else []
    return "/".join(parts)


def _inside(link: str, member_name: str, path: str) -> str:
    """A link's destination, relative and re-placed as the files are, so that it stays in the kit."""
    destination = os.path.normpath(PurePosixPath("/") / PurePosixPath(member_name).parent / link)
    return os.path.relpath(place(destination), str(PurePosixPath(path).parent))
