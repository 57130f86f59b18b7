"""What a PBX has, sorted into providers and phones with the reason for each; and sections to paste.

Pure: takes what was read from Asterisk, gives text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from healthmon.config.configuration import Config
from healthmon.config.customers import Customers
from healthmon.config.describe import hold_in_words
from healthmon.config.loading.checks import PROBE_LIBRARIES, how_to_install, missing_of
from healthmon.config.sections.watch import WatchConfig
from healthmon.config.values import written
from healthmon.core.belief.drivers import assess
from healthmon.core.belief.evidence import effective_hold, kind_by_settings
from healthmon.core.grouping.holds import least_hold
from healthmon.model import REGISTRATION, EndpointSettings, Kind, Target

if TYPE_CHECKING:
    # Who speaks to a manager interface is not imported where there is none.
    from healthmon.ami.registrations import OutboundRegistration
    from healthmon.sources.manager.survey import ManagerSurvey

#: What nobody can see the loss of.
NOT_CHECKED = "NOT CHECKED"
#: What is said of an endpoint that is in the list only, and what stands where it is said how others are checked.
NOT_CONFIGURED, NOTHING_TO_CHECK = "not in Asterisk's configuration", "-"
#: What Asterisk cannot check, whatever its qualify_frequency is.
NO_ADDRESS = "no address"


class Discovered(Struct, frozen=True):
    """One endpoint as Asterisk is configured for it."""

    target: Target
    #: Asterisk's word in /endpoints: online, offline, unknown.
    state: str
    #: None: it is in Asterisk's list only.
    kind: Kind | None
    #: Why it is taken for a provider or a phone, or for neither.
    why: str
    #: Whether and how often Asterisk checks it, in words.
    qualified: str
    #: The watch section that already speaks of it, "" = none.
    watch: str
    #: Whose it would be; "": nobody's.
    customer: str = ""


def discovered(settings: EndpointSettings, state: str, config: Config) -> Discovered:
    """Say what one endpoint is, and why."""
    watch, watch_name = config.watch_for(settings.target), ""
    if watch:
        watch_name = watch.name
    return Discovered(
        target=settings.target,
        state=state,
        kind=kind_by_settings(settings.target, settings),
        why=why_this_kind(settings),
        qualified=qualify_in_words(settings),
        watch=watch_name,
        customer=config.customers.owner(settings.target.pbx, watch_name),
    )


def in_the_list_only(target: Target, state: str) -> Discovered:
    """Say that an endpoint was deleted since Asterisk's start, or that some module made it: it is not watched."""
    return Discovered(target, state, kind=None, why=NOT_CONFIGURED, qualified=NOTHING_TO_CHECK, watch="")


def discovery_data(
    found: Iterable[Discovered], registrations: Mapping[str, ManagerSurvey], customers: Customers
) -> list[dict[str, Any]]:
    """Write what was found as the fields of docs/json.md. ``registrations``: of the PBXs that could be asked."""
    things = [_discovered_data(endpoint, registrations.get(endpoint.target.pbx)) for endpoint in found]
    for pbx, of_pbx in registrations.items():
        nobodys = [row for row in of_pbx.registrations if row.name not in of_pbx.owners]
        things += [_of_no_endpoint(pbx, row, customers.owner(pbx)) for row in nobodys]
    return things


def _discovered_data(endpoint: Discovered, of_pbx: ManagerSurvey | None) -> dict[str, Any]:
    registrations = None
    if of_pbx is not None:
        own = (row for row in of_pbx.registrations if of_pbx.owners.get(row.name) == endpoint.target)
        registrations = [_registration_data(row) for row in own]
    return {
        "pbx": endpoint.target.pbx,
        "endpoint": endpoint.target.endpoint,
        "kind": endpoint.kind,
        "why": endpoint.why,
        "qualified": endpoint.qualified,
        "state": endpoint.state,
        "watch": endpoint.watch,
        "customer": endpoint.customer or None,
        "registrations": registrations,
    }


def _of_no_endpoint(pbx: str, row: OutboundRegistration, customer: str) -> dict[str, Any]:
    """Write a registration that belongs to no endpoint: a thing of its own."""
    return {
        "pbx": pbx,
        "endpoint": Target(pbx, REGISTRATION, row.name).endpoint,
        "kind": Kind.REGISTRATION,
        "why": "belongs to no endpoint",
        "qualified": NOTHING_TO_CHECK,
        "state": row.status,
        "watch": "",
        "customer": customer or None,
        "registrations": [_registration_data(row)],
    }


def _registration_data(row: OutboundRegistration) -> dict[str, Any]:
    return {"name": row.name, "server": row.server_uri, "client": row.client_uri, "state": row.status}


def why_this_kind(settings: EndpointSettings) -> str:
    """Name the mark in Asterisk's configuration that tells a trunk from a phone."""
    if not settings.known:
        return f"ARI cannot read the settings of {settings.target.technology}"
    marks = []
    if settings.has_static_contact:
        marks.append("static contact")
    if settings.has_outbound_auth:
        marks.append("outbound_auth")
    if marks:
        return " and ".join(marks)
    if settings.max_contacts:
        return "dynamic contact"
    if settings.aors:
        return "an AOR that takes no contact"
    return "no AOR"


def qualify_in_words(settings: EndpointSettings) -> str:
    """Say whether Asterisk checks this endpoint: ``every 60 s``, ``NOT CHECKED``, ``no address``, ``unknown``."""
    if not settings.known:
        return "unknown"
    if not settings.has_address:
        return NO_ADDRESS
    if settings.has_unqualified_static_contact or not settings.is_qualified:
        return NOT_CHECKED
    rest = ""
    if settings.has_unqualified_registered_contact:
        rest = ", not all"
    return f"every {settings.qualify_frequency:g} s{rest}"


def sections_to_paste(found: Sequence[Discovered], receivers: Iterable[str], rest: Iterable[str] = ()) -> str:
    """Write ``[watch …]`` sections for what was found: providers by name, phones by technology.

    ``rest``: the technologies whose endpoints are watched as phones as soon as there are any, where none was found.
    """
    receiver_line = ", ".join(receivers)
    providers = sorted({endpoint.target.endpoint for endpoint in found if endpoint.kind is Kind.PROVIDER})
    of_phones = {endpoint.target.technology for endpoint in found if endpoint.kind is Kind.PHONE}
    phones = [f"{technology}/*" for technology in sorted(of_phones or set(rest))]
    sections = []
    if providers:
        # What may be switched on for providers, at the price of SIP traffic of our own.
        needs, missing = "", missing_of(PROBE_LIBRARIES)
        if missing:
            needs = f"\n# Needs {missing}: {how_to_install('sip')}"
        probe = f"# Sees one that answers 503, or that Asterisk does not check.{needs}\n#probe = auto"
        sections.append(_section("providers", providers, ("30s", "10s"), receiver_line, probe))
    if phones:
        sections.append(_section("phones", phones, ("3m", "30s"), receiver_line))
    return "\n".join(sections)


def _section(name: str, patterns: list[str], hold: tuple[str, str], receivers: str, proposal: str = "") -> str:
    lines = [
        f"[watch {name}]",
        "endpoints = " + ", ".join(escaped_pattern(pattern) for pattern in patterns),
        # What is taken for a phone today may become a trunk: Asterisk's configuration tells.
        "kind = auto",
        f"down_after = {hold[0]}",
        f"up_after = {hold[1]}",
    ]
    if receivers:
        lines.append(f"receivers = {receivers}")
    if proposal:
        lines.append(proposal)
    return "\n".join(lines) + "\n"


NO_ENDPOINTS = "Asterisk lists no endpoints; is its pjsip.conf read, and chan_pjsip loaded?"

#: Commas divide the names of a list, and ${…} is filled in: they are written as "any letter".
_ESCAPED = {"*": "[*]", "?": "[?]", "[": "[[]", ",": "?", "$": "?"}


def what_to_delete(found: Sequence[Discovered], config: Config) -> str:
    """Say which sections must go for those to paste: the first that matches decides, and a name is there once."""
    endpoints = [endpoint.target for endpoint in found]
    pasted = {"providers", "phones"}
    known = [
        watch.name
        for watch in config.watches
        if watch.name in pasted or any(config.watch_for(target) == watch for target in endpoints)
    ]
    if not known:
        return ""
    return f"delete these sections of it first: {', '.join(f'watch {name}' for name in known)}"


def missing_modules_in_words(modules: Sequence[str]) -> str:
    """Say which modules of ARI Asterisk needs, and how to load them."""
    load = "; ".join(f"module load {module}" for module in modules)
    return f"Asterisk has not loaded {', '.join(modules)}, and healthmon cannot watch without; on its console: {load}"


def matches_nothing(listed: Mapping[str, Collection[Target]], config: Config) -> list[str]:
    """Say which sections speak of nothing that the PBXs list; ``listed``: those of each PBX that answered.

    A ``[site …]`` with addresses is left out: who is there changes with each registration.
    """
    if set(listed) != {pbx.name for pbx in config.pbxs}:
        # What those have that did not answer nobody knows.
        return []
    every = [target for targets in listed.values() for target in targets]
    used = {watch.name for target in every if (watch := config.watch_for(target))}
    # What takes all of a technology waits for what comes; a section below another such one is a mistake of its own.
    everything = {f"{target.technology}/*" for target in every}
    used |= {watch.name for watch in config.watches if not everything.isdisjoint(watch.endpoints)}
    sections = [f"watch {watch.name}" for watch in config.watches if watch.name not in used]
    by_pattern = [(f"site {site.name}", site.endpoints) for site in config.sites if not site.addresses]
    by_pattern += [(f"maintenance {window.name}", window.matcher.endpoints) for window in config.maintenance]
    for section, patterns in by_pattern:
        if patterns and not any(target.is_called(pattern) for pattern in patterns for target in every):
            sections.append(section)
    said = [f"[{section}] matches nothing that is there" for section in sections]
    there = {name for target in every for name in (target.endpoint, f"{target.pbx}:{target.endpoint}")}
    for name in config.names:
        # Registrations of nobody are in no list of endpoints.
        if name not in there and f"{REGISTRATION}/" not in name:
            said.append(f"[names] {name}: no PBX has such an endpoint")
    return said


def escaped_pattern(endpoint: str) -> str:
    """Write a name so that a shell pattern matches just it (``PJSIP/*`` stays the pattern that it is).

    What would end the line, or cannot be seen, is ``?``: whoever plays Asterisk writes no lines into a configuration.
    """
    technology, _, resource = endpoint.partition("/")
    if resource == "*":
        return endpoint
    return f"{technology}/" + "".join(_ESCAPED.get(char, char) if char.isprintable() else "?" for char in resource)


def disagreements(settings: Iterable[EndpointSettings], config: Config) -> list[str]:
    """Say where the ``kind`` of a watch section and Asterisk's own configuration disagree."""
    lines = []
    for endpoint in settings:
        watch = config.watch_for(endpoint.target)
        kind = kind_by_settings(endpoint.target, endpoint)
        if watch and watch.kind and endpoint.known and watch.kind is not kind:
            lines.append(
                f"{endpoint.target.endpoint}: [watch {watch.name}] says kind = {watch.kind}, but Asterisk's "
                f"configuration makes it a {kind} ({why_this_kind(endpoint)})"
            )
    return lines


def lack_of_drivers(technologies: Sequence[str]) -> str:
    """Say that the channel drivers of these technologies are not loaded, and what that means."""
    return assess(technologies)[1]


def unchecked(settings: Iterable[EndpointSettings]) -> list[Target]:
    """Name the endpoints that Asterisk does not check, so that nobody can see their loss at once."""
    return [endpoint.target for endpoint in settings if qualify_in_words(endpoint) == NOT_CHECKED]


def effective_holds(settings: Iterable[EndpointSettings], config: Config) -> list[str]:
    """Say for each watch section how long its endpoints on this PBX are really held, and their sites (rule 9)."""
    holds: dict[WatchConfig, dict[str, int]] = {}
    for endpoint in settings:
        watch = config.watch_for(endpoint.target)
        if watch:
            hold = effective_hold(watch.hold, endpoint)
            words = hold_in_words(hold)
            kind = watch.kind or kind_by_settings(endpoint.target, endpoint)
            of_their_site = least_hold(kind, endpoint, hold, config.site_down_after)
            if of_their_site != inf:
                # Less than each of them by itself.
                words += f"; a site of them down after {written(of_their_site)}"
            counts = holds.setdefault(watch, {})
            counts[words] = counts.get(words, 0) + 1
    return [
        f"watch {watch.name}: {count} endpoint{'' if count == 1 else 's'}: {words}"
        for watch, counts in holds.items()
        for words, count in counts.items()
    ]
