"""``python -m tests.browser.pictures`` writes the pictures of the pages in docs/images/ anew."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from tests.browser.chromium import Browser
from tests.browser.programs import chromium
from tests.browser.worlds import PUBLIC, WORLDS, world_served

FOLDER = Path(__file__).parents[2] / "docs" / "images"


class Picture(Struct, frozen=True):
    """One picture: what is to be seen, and how large the window is (pixels)."""

    name: str
    world: str
    path: str
    width: int
    height: int
    is_dark: bool = False
    scale: float = 1.0


PICTURES = (
    Picture("overview", "office", "/", 1280, 1000),
    Picture("overview-phone", "office", "/", 390, 844, is_dark=True),
    Picture("wall", "company", "/wall", 1920, 1080, is_dark=True, scale=0.5),
    Picture("target", "office", "/targets/trunk-sipgate", 1280, 1000),
    Picture("targets", "company", "/targets", 1280, 800, is_dark=True),
    Picture("public", "office", "/public/status", 1280, 1000),
)


def main() -> None:
    """Take them all."""
    program = chromium()
    assert program is not None, "no Chromium here: run `python -m tests.browser fetch`"
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, Browser(program, Path(folder)) as browser:
        for picture in PICTURES:
            world = WORLDS[picture.world]()
            with world_served(Path(folder) / f"{picture.name}.db", world, for_everybody=[PUBLIC]) as web:
                page = browser.page(web.url + picture.path, picture.width, picture.height, is_dark=picture.is_dark)
                (FOLDER / f"{picture.name}.png").write_bytes(page.picture(picture.scale))
                page.close()


if __name__ == "__main__":
    main()
