"""The columns of a report for people."""

from __future__ import annotations

from collections.abc import Iterator

from healthmon.history.figures import Figures
from healthmon.model import Kind, Target
from healthmon.report.availability.account import Account, TargetFigures
from healthmon.report.availability.columns import sentences, table_of


class Counted(tuple[TargetFigures, ...]):
    """Lines that count how often somebody goes through all of them."""

    times = 0

    def __iter__(self) -> Iterator[TargetFigures]:
        """Count, and go."""
        Counted.times += 1
        return super().__iter__()


def test_a_table_of_thousands_goes_through_all_of_them_only_a_few_times() -> None:
    names = (Target(pbx, "PJSIP", str(number)) for pbx in ("office", "branch") for number in range(500))
    account = Account((0, 1), Counted(TargetFigures(name, Kind.PHONE, "phones", Figures(1)) for name in names))
    listed = list(account.lines)

    Counted.times = 0
    table = table_of(listed, account)
    said = sentences(account)

    assert (table.names, len(table.rows)) == (("TARGET", "PBX", "KIND"), 1000)
    assert said == ["1,000 targets, 100 % available, no outage."]
    assert Counted.times <= 5
