"""The report on the demo's day, as ``docs/`` keeps it."""

from __future__ import annotations

from tests.scenarios.demo_day import PAGE, day


def test_the_page_in_the_documentation_is_the_report_on_the_day_of_the_demo() -> None:
    """If this fails: ``python -m tests.scenarios.demo_day``, and look at the page."""
    page, told = day()

    assert told == [
        "DOWN phone Bob & <b>Söhne</b> (office) since 08:05",
        "UP phone Bob & <b>Söhne</b> (office) after 25 min",
        "DOWN site 203.0.113.7 (office): 5 of 5 phones since 10:20",
        "UP site 203.0.113.7 (office) after 38 min",
        "DOWN provider trunk-telekom (office) since 12:30",
        "UP provider trunk-telekom (office) after 13 min",
        "DOWN PBX office since 16:40",
        "UP PBX office after 45 min",
        "DOWN phone 111 (office) since 19:30",
    ]
    assert PAGE.read_text(encoding="utf-8") == page
