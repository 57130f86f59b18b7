"""What there is any history of: everything that was ever watched, or had an incident."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from healthmon.model import OUR_TECHNOLOGIES, Check, Kind, Target
from healthmon.store.codec import target_of
from healthmon.store.rows import KINDS
from healthmon.store.session import Session


class KnownTarget(Struct, frozen=True):
    """One target; ``watched_since is None``: a cause of several outages, which has incidents and no checks."""

    target: Target
    kind: Kind
    watch: str = ""
    #: The first time ever.
    watched_since: float | None = None
    #: Since when it is not watched any more; None: it is.
    forgotten_at: float | None = None


# All that is behind a PBX is hidden by a check of the PBX that is none of its own.
_WATCHED = f"""SELECT pbx, technology, resource, MAX(kind) AS kind, MAX(watch) AS watch,
        MIN(watched_since) AS watched_since,
        CASE WHEN COUNT(forgotten_at) = COUNT(*) THEN MAX(forgotten_at) END AS forgotten_at
    FROM checks WHERE NOT (technology = '' AND name = '{Check.REACHABILITY}') AND name <> '{Check.ALL}'
    GROUP BY pbx, technology, resource ORDER BY pbx, technology, resource"""  # noqa: S608 (a constant of ours)

# The index of incidents by target finds them, without a look at those of endpoints, of which there may be millions.
_CAUSES = f"""SELECT DISTINCT i.pbx, i.technology, i.resource
    FROM (SELECT DISTINCT pbx FROM checks UNION SELECT '') AS p CROSS JOIN incidents i
    WHERE i.pbx = p.pbx AND i.technology IN ({", ".join(f"'{word}'" for word in sorted(OUR_TECHNOLOGIES))})
    ORDER BY i.pbx, i.technology, i.resource"""  # noqa: S608 (constants of ours)


def read_known(session: Session) -> Iterator[KnownTarget]:
    """Read every target: first those that were watched, then the causes that only incidents know."""
    seen = set()
    for row in session.execute(_WATCHED):
        target = target_of(row)
        seen.add(target)
        yield KnownTarget(
            target=target,
            kind=KINDS[row["kind"]],
            watch=row["watch"],
            watched_since=session.timeline.shown(row["watched_since"]),
            forgotten_at=session.timeline.shown_or_none(row["forgotten_at"]),
        )
    for row in session.execute(_CAUSES):
        target = target_of(row)
        if target not in seen:
            # Its technology is one of our own words: its kind.
            yield KnownTarget(target, KINDS[target.technology])
