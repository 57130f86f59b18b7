"""Asterisk's documentation, cut down to what it does not start without.

Asterisk reads its whole documentation at each start, for texts that only `core show help` prints: that is three
quarters of the processor time of a start with the modules of the lab. It insists on the names in there, though: without
that of `declined_message_types` it says "Stasis initialization failed" and ends.
"""

from functools import cache
from pathlib import Path
from xml.etree import ElementTree

#: What Asterisk looks for by its name when it registers it; ListCommands of the manager interface shows the synopsis.
_REGISTERED = frozenset({"application", "configInfo", "function", "manager"})
#: What is kept below them.
_KEPT = frozenset({"category", "configFile", "configObject", "configOption", "field", "matchInfo", "synopsis"})


def link_data(data_folder: Path, folder: Path) -> Path:
    """Make a data folder in ``folder`` that leads to what is in the kit's, with the short documentation; return it."""
    made = folder / "data"
    shortened = made / "documentation"
    if not shortened.exists():
        shortened.mkdir(parents=True)
        for path in data_folder.iterdir():
            if path.name != shortened.name:
                (made / path.name).symlink_to(path)
        for path in (data_folder / shortened.name).glob("*.xml"):
            (shortened / path.name).write_bytes(_names_only(path))
    return made


@cache
def _names_only(documentation: Path) -> bytes:
    """The names of what can be registered, each with its one line."""
    root = ElementTree.parse(documentation).getroot()
    for element in list(root):
        if element.tag in _REGISTERED:
            _shorten(element)
        else:
            root.remove(element)
    shortened: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return shortened


def _shorten(element: ElementTree.Element) -> None:
    for child in list(element):
        if child.tag in _KEPT:
            _shorten(child)
        else:
            element.remove(child)
