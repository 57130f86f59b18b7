"""``healthmon status`` for people: first whether it can be trusted, then the PBXs, then what is not up. Pure.

It is made of the data for programs alone, so that whatever people see a program can know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from healthmon.report.formatting import after, counted, duration, of_written
from healthmon.report.status.layout import StatusLayout, WrittenTimes
from healthmon.report.status.pbx_table import in_words, pbx_table
from healthmon.report.status.rows import NEVER_UP
from healthmon.report.status.target_table import how_many, names_of, target_table
from healthmon.report.status.words import how_many_unknown
from healthmon.report.tables import Screen, line

if TYPE_CHECKING:
    from healthmon.report.status.fields import (
        AddressFields,
        CauseFields,
        DaemonFields,
        FailingFields,
        PendingSiteFields,
        QuietFields,
        StatusFields,
        UnseenFields,
    )


def status_text(data: StatusFields, wish: StatusLayout, zone: ZoneInfo, screen: Screen) -> str:
    """Write everything that ``healthmon status`` prints."""
    times = WrittenTimes(zone, of_written(data["daemon"]["now"]))
    # Of these nobody knows how they are, though the daemon runs.
    old = [pbx for pbx in data["pbxs"] if pbx["old"] and not data["daemon"]["stale"]]
    parts = [
        _trust(data["daemon"], times, screen),
        *(line(f"OLD: what is known of PBX {pbx['name']}: {pbx['old']}.", screen, "bold red") for pbx in old),
        *(line(_failing(url, times), screen, "bold red") for url in data["failing_receivers"]),
        *(line(_address(address, times), screen, "bold red") for address in data["failing_addresses"]),
        *(line(_quiet(url, times), screen) for url in data["quiet_receivers"]),
        *(line(_unseen(url), screen) for url in data.get("waiting_for_sight", ())),
        pbx_table(data, wish, times, screen),
        "".join(line(_cause(cause, times), screen, "bold red") for cause in data["causes"]),
        "".join(line(_pending_site(site), screen, "yellow") for site in data["pending_sites"] or ()),
        target_table(data, wish, times, screen),
        _summary(data, wish, screen),
    ]
    return "\n".join(part for part in parts if part)


def _trust(daemon: DaemonFields, times: WrittenTimes, screen: Screen) -> str:
    """Write the first line: whether what follows is how things stand now."""
    at = daemon["alive_at"]
    if at is None:
        why = "No daemon has ever run on this database"
        if daemon["running"]:
            why = "healthmon is starting"
        return line(f"{why}: nothing is known yet.", screen, "bold red")
    when = f"{times.full(at)}, {duration(times.now - of_written(at))} ago"
    if not daemon["running"]:
        return line(f"NO DAEMON IS RUNNING. Known as of {when}.", screen, "bold red")
    if daemon["stale"]:
        return line(f"STALE: {daemon['why']}. Known as of {when}.", screen, "bold red")
    return line(f"healthmon is running. It is {times.full(daemon['now'])}.", screen)


def _failing(url: FailingFields, times: WrittenTimes) -> str:
    """Say that a receiver cannot be reached, or could not a moment ago."""
    state, again = "CANNOT TELL", ""
    if url["accepted_at"] is not None:
        state, again = "HAD DEFECTS", f"took a message at {times.short(url['accepted_at'])} again"
    since = ""
    if url["since"] is not None:
        since = f" since {times.short(url['since'])}"
    waiting = ""
    if url["waiting"]:
        waiting = f", {counted(url['waiting'], 'message')} waiting"
    number = ""
    if url["incident"] is not None:
        number = f", incident {url['incident']}"
    why = "; ".join(filter(None, (url["why"], again, url["acknowledged"], url["muted_by"])))
    return f"{state} {url['receiver']}{since}{waiting}{number}: {why}"


def _address(address: AddressFields, times: WrittenTimes) -> str:
    """Say that one address does not take what the others of its URL take."""
    where = f"{address['address']} of {address['receiver']}"
    return f"CANNOT TELL {where} since {times.short(address['since'])}: {address['why']}"


def _quiet(url: QuietFields, times: WrittenTimes) -> str:
    """Say that a receiver is left alone at present."""
    loud = after(" except ", ", ".join(url["except"]))
    until = times.short(url["until"])
    return f"{url['receiver']} is quiet until {until}{loud}; {counted(url['waiting'], 'message')} waiting"


def _unseen(url: UnseenFields) -> str:
    """Say that messages wait which nobody can tell to be true still."""
    waiting = counted(url["waiting"], "message")
    return f"{url['receiver']}: {waiting} waiting: it cannot be seen whether it lasts"


def _cause(cause: CauseFields, times: WrittenTimes) -> str:
    """Say what many have in common that are down."""
    since = f"since {times.short(cause['since'])}, {duration(cause['lasted_s'])}"
    incident = f"incident {cause['incident']}"
    facts = (f"{cause['extent']} unreachable {since}", incident, cause["acknowledged"], cause["muted_by"])
    return f"DOWN {cause['title']}: {'; '.join(filter(None, facts))}"


def _pending_site(site: PendingSiteFields) -> str:
    """Say that a site is about to be believed down, and when."""
    lasts = f"{duration(site['pending_for_s'])} of {duration(site['pending_hold'])}"
    return f"{site['title']} seems down for {lasts}: {site['down']} of {site['of']}"


def _not_asked(data: StatusFields) -> list[str]:
    """The PBXs whose manager interface never let us in: what is green there says nothing of registrations."""
    return [pbx["name"] for pbx in data["pbxs"] if "no_registrations" in pbx]


def _summary(data: StatusFields, wish: StatusLayout, screen: Screen) -> str:
    """Write how many there are of each, and the phones that were never seen up."""
    pbxs, used = len(data["pbxs"]), data["summary"]["endpoints"]
    said = []
    if pbxs > 1:
        said = [f"{counted(pbxs, 'PBX', 'PBXs')}: {in_words(data['summary']['pbxs'])}."]
    if how_many(data):
        unknown = how_many_unknown(data["summary"].get("unknown_checks", {}))
        states = "; ".join(filter(None, (in_words(used), unknown)))
        said.append(f"{counted(sum(used.values()), 'endpoint')}: {states or 'none in use'}.")
    else:
        said.append("No endpoint is watched yet.")
    said += [f"Registrations of {name} unknown." for name in _not_asked(data)]
    text = line(" ".join(said), screen, "bold")
    unused = [row for row in data["targets"] if row["shown"] == NEVER_UP]
    if unused and not wish.only_down and not wish.everything:
        text += line(f"{counted(len(unused), 'phone')} never seen up: {names_of(unused)}.", screen, "dim")
    return text
