"""`python -m tests.vendor` (`make vendor`): gets what the web pages have from elsewhere, and puts it into the package.

It is in the repository, so that nothing has to be fetched to run healthmon; this says where it came from.
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path

from tests.fetching import MissingProgramError, run

STATIC = Path(__file__).parents[1] / "healthmon/publish/web/pages/static"
UPLOT_VERSION = "1.6.32"
#: The file's name here, the one in uPlot's package on the npm registry, and the SHA-256 of both.
UPLOT = {
    "uplot.js": (
        "package/dist/uPlot.iife.min.js",
        "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    ),
    "uplot.css": (
        "package/dist/uPlot.min.css",
        "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    ),
    "uplot.LICENSE": (
        "package/LICENSE",
        "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    ),
}


def main() -> int:
    """Fetch all of it; what is not what it was when somebody looked at it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            run(["npm", "pack", "--silent", "--pack-destination", folder, f"uplot@{UPLOT_VERSION}"])
        except (MissingProgramError, FileNotFoundError) as error:
            print(f"MISSING: {error}", file=sys.stderr)
            return 1
        with tarfile.open(Path(folder) / f"uplot-{UPLOT_VERSION}.tgz") as package:
            for name, (member, known) in UPLOT.items():
                file = package.extractfile(member)
                assert file is not None
                content = file.read()
                found = sha256(content).hexdigest()
                if found != known:
                    print(f"{member} is another than expected: {found}", file=sys.stderr)
                    return 1
                (STATIC / name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
