"""The decision pages: each has a number of its own, and its title says the same number."""

from __future__ import annotations

from collections import Counter

from tests.docs.documents import DOCUMENTS

PAGES = [path for path in DOCUMENTS if path.parent.name == "decisions" and path.name != "README.md"]


def test_each_decision_has_a_number_of_its_own() -> None:
    assert PAGES
    numbers = Counter(path.name[:4] for path in PAGES)
    assert [number for number, pages in numbers.items() if pages > 1] == []


def test_the_title_of_a_decision_says_its_number() -> None:
    titles = {path.name: path.read_text(encoding="utf-8").splitlines()[0] for path in PAGES}
    assert {name: title for name, title in titles.items() if not title.startswith(f"# {int(name[:4])}. ")} == {}
