"""What sections say about each other: same PBX twice, a watch that is never reached, receivers that nobody uses."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib.util import find_spec
from itertools import combinations
from shlex import quote

from healthmon.config.customers import Customers, OwnedWatch
from healthmon.config.findings import nearest, shown
from healthmon.config.loading.draft import Draft, DraftSection
from healthmon.config.loading.public_checks import check_public
from healthmon.config.sections.receiver import ReceiverUrl
from healthmon.config.urls import same_channel, same_place
from healthmon.config.values import WILDCARDS, may_match
from healthmon.model import Probe

#: What OPTIONS of our own need, and the module by which each is known.
PROBE_LIBRARIES = {"sipmessage": "sipmessage", "dnspython": "dns"}
#: … and of the web process.
WEB_LIBRARIES = {"Flask": "flask", "waitress": "waitress", "prometheus_client": "prometheus_client"}


def check(draft: Draft) -> None:
    """Note every problem that shows only when sections are seen together."""
    _required_sections(draft)
    _older_names(draft)
    _same_application_twice(draft)
    for watch in draft.of("watch"):
        _pbx_patterns(watch, draft.names("pbx"))
        _watch(watch)
    for site in draft.of("site"):
        _pbx_patterns(site, draft.names("pbx"))
        if not site.is_given("addresses") and not site.is_given("endpoints"):
            site.problem("addresses", "is missing; give addresses or endpoints")
    _names(draft)
    for section in draft.sections:
        _without_technology(section)
    _never_reached(draft)
    _receivers(draft)
    _same_url_twice(draft)
    _reports_for_tickets(draft)
    check_web(draft)
    _limits(draft)
    check_public(draft)
    [web] = draft.of("web")
    if web.values.get("listen") is not None:
        _needs(web, "listen", WEB_LIBRARIES, "web")
    for schedule in draft.of("schedule"):
        _report_patterns(schedule, draft)


def check_web(draft: Draft) -> None:
    """Note why the web process must not answer as [web] says: who could get there would see everything."""
    [web], users = draft.of("web"), draft.of("user")
    listen, proxy = web.values.get("listen"), web.values.get("trusted_proxy")
    header = web.values.get("remote_user_header")
    if listen is not None and not is_loopback(listen.address) and not users and not proxy:
        what = "whoever gets to this address could see everything: add a [user NAME] (healthmon web password makes one)"
        web.problem("listen", f"{shown(listen.address)}: {what}, name a trusted_proxy, or take 127.0.0.1")
    if header and not proxy:
        web.problem("remote_user_header", "means nothing without trusted_proxy: nobody else is believed")
    if header and not users:
        web.problem("remote_user_header", "needs a [user NAME] for each who may come in; role says what they may do")
    for network in filter(_is_anybodys, proxy or ()):
        what = f"{network}: holds addresses of anybody, who can claim to come from elsewhere"
        if header:
            web.problem(
                "trusted_proxy", f"{what}, and, with remote_user_header, to be any user; give the proxy's alone"
            )
        else:
            web.warning("trusted_proxy", f"{what}, and is answered as if by the proxy; give the proxy's alone")
    _same_token_twice(draft)
    for user in users:
        if not user.is_given("password_hash") and not user.is_given("password_hash_file") and not header:
            user.problem("password_hash", "is missing; healthmon web password makes the line")


def _limits(draft: Draft) -> None:
    """Refuse a limit that names what is not there: whoever has it would see less than was meant."""
    customers = customers_of(draft).names
    known = {"customer": customers, "pbx": draft.names("pbx"), "watch": draft.names("watch")}
    forms = {
        "customer": "[pbx …] and no [watch …] section with customer = {}",
        "pbx": "[pbx {}]",
        "watch": "[watch {}]",
    }
    for section in (*draft.of("user"), *draft.of("token")):
        for option, names in known.items():
            for name in section.values.get(option, ()):
                if name not in names:
                    what = f"there is no {forms[option].format(shown(name))}"
                    section.problem(option, what, suggestion=nearest(name, names))


def customers_of(draft: Draft) -> Customers:
    """Say what a configuration says of customers."""
    return Customers(
        {pbx.name: pbx.values.get("customer", "") for pbx in draft.of("pbx")},
        {
            watch.name: OwnedWatch(watch.values.get("customer", ""), watch.values.get("pbx", ("*",)))
            for watch in draft.of("watch")
        },
    )


def _is_anybodys(network: str) -> bool:
    """Whether a network is too wide to be that of a proxy: nobody has one wider than 10.0.0.0/8, or than a /16."""
    from ipaddress import ip_network  # noqa: PLC0415  (status and report have no need of it)

    found = ip_network(network)
    return found.prefixlen < {4: 8, 6: 16}[found.version]


def _same_token_twice(draft: Draft) -> None:
    """Refuse a token of two names: who shows it would be one of them, and have the role of that one."""
    seen: dict[str, DraftSection] = {}
    for token in draft.of("token"):
        known = token.values.get("token_hash")
        if known and known in seen:
            used = "token_hash"
            if token.is_given("token_hash_file"):
                used = "token_hash_file"
            token.problem(used, f"[{seen[known].header}] has the same; healthmon web token makes another")
        elif known:
            seen[known] = token


def is_loopback(address: str) -> bool:
    """Whether only this machine gets to an address."""
    from ipaddress import ip_address  # noqa: PLC0415  (status and report have no need of it)

    return ip_address(address).is_loopback


def _names(draft: Draft) -> None:
    """Refuse a name for an endpoint of a PBX that is not in the file."""
    [names], pbxs = draft.of("names"), draft.names("pbx")
    for endpoint in names.values:
        pbx, colon, _ = endpoint.partition("/")[0].rpartition(":")
        if colon and pbx not in pbxs:
            names.problem(endpoint, f"there is no [pbx {shown(pbx)}]", suggestion=nearest(pbx, pbxs))


def _required_sections(draft: Draft) -> None:
    if not draft.of("pbx"):
        draft.findings.problem("there is no [pbx NAME] section: no PBX to look at")
    if not draft.of("watch"):
        draft.findings.problem("there is no [watch NAME] section: no endpoints to watch")


def _older_names(draft: Draft) -> None:
    general, history = draft.of("healthmon")[0], draft.of("history")[0]
    if not general.is_given("keep_history"):
        return
    if history.is_given("transitions"):
        history.problem("transitions", "keep_history of [healthmon] is its older name; take that line away")
    else:
        general.warning("keep_history", "is called transitions now, in a section [history]; it is obeyed all the same")


def _needs(section: DraftSection, option: str, libraries: Mapping[str, str], extra: str) -> None:
    """Note that an option needs libraries that are missing: others do not have to install them."""
    missing = missing_of(libraries)
    if missing:
        section.problem(option, f"needs {missing}: {how_to_install(extra)}")


def missing_of(libraries: Mapping[str, str]) -> str:
    """Name the libraries that are not installed; "": all are. ``libraries``: modules by their names for people."""
    return " and ".join(name for name, module in libraries.items() if find_spec(module) is None)


def how_to_install(extra: str) -> str:
    """Write the command that adds libraries to this installation; the ``pip`` of the shell is another one's, mostly."""
    return f"{quote(sys.executable)} -m pip install 'healthmon[{extra}]'"


def _same_application_twice(draft: Draft) -> None:
    """Asterisk gives the events of an application to whoever asked last: two of us would fight for ever."""
    seen: dict[tuple[str, str], DraftSection] = {}
    for pbx in draft.of("pbx"):
        if "url" not in pbx.values or "application" not in pbx.values:
            continue
        key = (same_place(pbx.values["url"]), pbx.values["application"])
        if key in seen:
            pbx.problem("url", f"[{seen[key].header}] has the same url and the same application, {key[1]}")
        seen.setdefault(key, pbx)


def _pbx_patterns(watch: DraftSection, pbxs: list[str]) -> None:
    if not pbxs:
        return
    for pattern in watch.values.get("pbx", ()):
        if not any(fnmatchcase(name, pattern) for name in pbxs):
            watch.problem("pbx", f"{shown(pattern)}: matches no [pbx …] section", suggestion=nearest(pattern, pbxs))


def _report_patterns(schedule: DraftSection, draft: Draft) -> None:
    """Warn of a report about what is not in this file: nothing would be in it."""
    arguments = schedule.values.get("report") or ()
    for option, kind in (("--pbx", "pbx"), ("--watch", "watch")):
        known = draft.names(kind)
        for pattern in _given_to(option, arguments):
            if not any(fnmatchcase(name, pattern) for name in known):
                what = f"{option} {shown(pattern)} matches no [{kind} …] section"
                if guess := nearest(pattern, known):
                    what += f"; did you mean {guess}?"
                schedule.warning("report", what)


def _given_to(option: str, arguments: Sequence[str]) -> Iterator[str]:
    """Find the values of an option: ``--pbx office``, ``--pbx=office``."""
    following = iter(arguments)
    for argument in following:
        name, equals, value = argument.partition("=")
        if name == option and equals:
            yield value
        elif name == option:
            yield next(following, "")


def _without_technology(section: DraftSection) -> None:
    """Warn of patterns that match nothing, because the name of an endpoint begins with its technology."""
    for option in ("endpoints", "exclude"):
        for pattern in section.values.get(option) or ():
            if not may_match(pattern):
                what = f"{shown(pattern)} matches nothing: an endpoint is written technology/name"
                section.warning(option, f"{what}, PJSIP/{shown(pattern)}; the next release refuses it")


def _watch(watch: DraftSection) -> None:
    """Note options of a section that do not go together."""
    patterns, excluded = watch.values.get("endpoints", ()), watch.values.get("exclude", ())
    if patterns and all(_is_covered(pattern, excluded) for pattern in patterns):
        watch.problem("exclude", "leaves nothing of endpoints")
    start, stop = watch.values.get("flap_start"), watch.values.get("flap_stop")
    if start is not None and stop is not None and stop >= start:
        watch.problem("flap_stop", f"{stop}: must be less than flap_start, {start}")
    if watch.values.get("probe", Probe.NO) is not Probe.NO:
        _needs(watch, "probe", PROBE_LIBRARIES, "sip")


def _never_reached(draft: Draft) -> None:
    """Note a watch when earlier ones certainly take all its endpoints; the first that matches decides."""
    watches = draft.of("watch")
    pbxs: dict[str, set[str]] = {watch.name: set() for watch in watches}
    for watch in watches:
        for pattern in watch.values.get("pbx", ()):
            pbxs[watch.name] |= {name for name in draft.names("pbx") if fnmatchcase(name, pattern)}
    for position, watch in enumerate(watches):
        takers = _takers(watch, watches[:position], pbxs)
        if takers:
            names = " and ".join(f"[{taker}]" for taker in takers)
            verb = "take"
            if len(takers) == 1:
                verb = "takes"
            watch.problem("endpoints", f"is never reached: {names} above it {verb} all of these endpoints")


def _takers(watch: DraftSection, earlier: list[DraftSection], pbxs: dict[str, set[str]]) -> list[str]:
    """Name the earlier sections that together take all of this one's endpoints; empty if that is not certain."""
    takers: dict[str, None] = {}
    for pattern in watch.values.get("endpoints", ()):
        left = set(pbxs[watch.name])
        for other in earlier:
            # A section that excludes anything may not take all that a pattern matches.
            takes = not other.is_given("exclude") and _is_covered(pattern, other.values.get("endpoints", ()))
            if takes and left & pbxs[other.name]:
                takers[other.header] = None
                left -= pbxs[other.name]
        if left:
            return []
    return list(takers)


def _is_covered(pattern: str, by: Iterable[str]) -> bool:
    """Whether these match all that a pattern matches, for the forms where that is plain to see."""
    for wide in by:
        start = wide[:-1]
        is_a_beginning = wide.endswith("*") and WILDCARDS.isdisjoint(start)
        if wide == pattern or (is_a_beginning and pattern.startswith(start)):
            return True
    return False


def _receivers(draft: Draft) -> None:
    """Warn when nobody is told, and of receivers that no section names."""
    if not draft.of("receiver"):
        draft.findings.warning("there is no [receiver NAME] section: nobody will be told anything")
    sections = [*draft.of("pbx"), *draft.of("watch"), *draft.of("schedule")]
    used = {name for section in sections for name in section.values.get("receivers", ())}
    used |= {step.receiver for section in sections for step in section.values.get("escalate_to", ())}
    for receiver in draft.of("receiver"):
        if receiver.name not in used:
            receiver.warning("", "no [pbx …], [watch …] or [schedule …] section names this receiver")


def _same_url_twice(draft: Draft) -> None:
    """Warn of a URL through which everything is told twice: in one receiver, or in two that are told together."""
    receivers = {section.name: section for section in draft.of("receiver")}
    for receiver in receivers.values():
        _warn_of_doubles([receiver], "every message comes twice")
    told_together: dict[frozenset[str], str] = {}
    for section in [*draft.of("pbx"), *draft.of("watch"), *draft.of("schedule")]:
        names = [name for name in section.values.get("receivers", ()) if name in receivers]
        for pair in combinations(dict.fromkeys(names), 2):
            told_together.setdefault(frozenset(pair), section.header)
    for pair_of_names, header in told_together.items():
        pair_of_sections = [section for name, section in receivers.items() if name in pair_of_names]
        _warn_of_doubles(pair_of_sections, f"[{header}] tells both, so every message comes twice", across=True)


def _warn_of_doubles(receivers: list[DraftSection], consequence: str, *, across: bool = False) -> None:
    """``across``: only of a URL of one receiver that is a URL of another, too."""
    first: dict[str, tuple[DraftSection, ReceiverUrl]] = {}
    for receiver in receivers:
        for url in receiver.values.get("urls", ()):
            known = first.setdefault(same_channel(url.url), (receiver, url))
            if known[1] is not url and (known[0] is not receiver) is across:
                receiver.warning("urls", f"{url.url_id} is the same URL as {known[1].url_id}: {consequence}")


def _reports_for_tickets(draft: Draft) -> None:
    """An on-call service calls people; a report is no reason to."""
    receivers = {section.name: section for section in draft.of("receiver")}
    for schedule in draft.of("schedule"):
        names = [name for name in schedule.values.get("receivers", ()) if name in receivers]
        urls = [url for name in names for url in receivers[name].values.get("urls", ())]
        tickets = [url.url_id for url in urls if url.is_ticket]
        if urls and len(tickets) == len(urls):
            schedule.problem("receivers", f"{', '.join(tickets)}: an on-call service takes no reports; nobody is left")
        elif tickets:
            schedule.warning("receivers", f"{', '.join(tickets)}: an on-call service takes no reports; the others do")
