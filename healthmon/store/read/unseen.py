"""How much of an incident nobody saw: the unknown periods of its check, and of its PBX, within it, but for graces.

An outage lasts from first seen until seen back; this time is a part of it, and no part of the availability.
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from msgspec.structs import replace

from healthmon.core.belief.evidence import IN_GRACE
from healthmon.model import SEEN_PAST_ARI, Check, Health, Incident
from healthmon.store.codec import target_row
from healthmon.store.rows import HEALTH_CODES
from healthmon.store.session import Session
from healthmon.store.timeline import Timeline

#: Whether nobody can see at present how an incident ``i`` is: its check cannot be seen, or what is behind its PBX.
IS_UNSEEN = f"""(EXISTS (SELECT 1 FROM pbx_states p WHERE p.pbx = i.pbx AND p.blind_why <> ''
            AND (i.resource <> '' OR i.check_name IN ('{Check.INVENTORY}', '{Check.DRIVERS}'))
            AND i.check_name NOT IN {SEEN_PAST_ARI})
        OR EXISTS (SELECT 1 FROM checks c JOIN states s ON s.check_id = c.id WHERE c.pbx = i.pbx
            AND c.technology = i.technology AND c.resource = i.resource AND c.name = i.check_name AND s.veil <> ''))"""  # noqa: S608

#: Whether a row of ``notifications n`` waits until somebody can see whether its incident ``i`` lasts.
WAITS_FOR_SIGHT = f"""(n.state = 'waiting' AND i.closed_at IS NULL AND i.muted_by = '' AND n.reason <> 'acknowledged'
        AND {IS_UNSEEN})"""

# In the order of their ends, which the index gives: whoever reads them stops at the end of the incident. They do not
# overlap, so that is the order of their beginnings, too.
# In a grace after a restart of Asterisk it is looked at, and not believed yet: that is no time in which nobody saw it.
UNKNOWN_AFTER = f"""SELECT v.since, v.until FROM checks c CROSS JOIN veils v LEFT JOIN words w ON w.id = v.why
    WHERE c.pbx = :pbx AND c.technology = :technology AND c.resource = :resource AND c.name = :check_name
        AND v.check_id = c.id AND v.until > :since AND COALESCE(w.text, '') NOT LIKE '{IN_GRACE}%'
    ORDER BY v.until"""  # noqa: S608 (a constant of ours)

# Of a PBX that is down it may happen that only we cannot see it any more: that is believed, and no unknown period.
UNKNOWN_WITHIN = f"""SELECT t.at, COALESCE((SELECT following.at FROM transitions following
        WHERE following.check_id = t.check_id AND following.at >= t.at AND following.rev > t.rev
        ORDER BY following.at, following.rev LIMIT 1), :until)
    FROM checks c CROSS JOIN transitions t
    WHERE c.pbx = :pbx AND c.technology = :technology AND c.resource = :resource AND c.name = :check_name
        AND t.check_id = c.id AND t.at >= :since AND t.at < :until
        AND t.new_health = {HEALTH_CODES[Health.UNKNOWN]}"""  # noqa: S608 (a constant of ours)


def with_unseen(session: Session, incident: Incident, now: float, nobody_since: float | None = None) -> Incident:
    """Return an incident with the time that nobody saw of it, up to its end or to ``now``, and what the clock left out.

    One in which a PBX was never down, and only we did not see it, is no outage. ``nobody_since``: from then on no
    daemon runs.
    """
    timeline = session.timeline
    if timeline.earlier:
        left_out_s = timeline.left_out_s(incident.since, incident.closed_at or now)
        incident = replace(incident, left_out_s=left_out_s)
    if incident.is_unseen and not incident.was_down:
        return incident
    until = timeline.stored(incident.closed_at or now)
    asked = {
        **target_row(incident.target),
        "check_name": incident.check,
        "since": timeline.stored(incident.since),
        "until": until,
    }
    hidden = _unknown_periods(session, asked)
    if incident.target.is_pbx:
        hidden += [tuple(row) for row in session.execute(UNKNOWN_WITHIN, asked)]
    elif incident.check not in SEEN_PAST_ARI:
        # All that is behind a PBX is hidden by a check of the PBX.
        hidden += _unknown_periods(
            session, {**asked, "technology": "", "resource": "", "check_name": Check.REACHABILITY}
        )
    if nobody_since is not None:
        hidden.append((timeline.stored(max(nobody_since, incident.since)), until))
    if not hidden:
        return incident
    return replace(incident, unseen_s=_covered_s(sorted(hidden), timeline, asked["since"], until))


def _unknown_periods(session: Session, asked: dict[str, Any]) -> list[tuple[float, float]]:
    """The unknown periods of one check that reach into a time."""
    rows = (tuple(row) for row in session.execute(UNKNOWN_AFTER, asked))
    return list(takewhile(lambda period: period[0] < asked["until"], rows))


def _covered_s(spans: list[tuple[float, float]], timeline: Timeline, since: float, until: float) -> float:
    """Say how much of a time spans cover, which may overlap and are sorted."""
    covered, done = 0.0, since
    for start, end in spans:
        begins, ends = max(start, done), min(end, until)
        if ends > begins:
            covered += timeline.lasted_s(begins, ends)
        done = max(done, ends)
    return covered
