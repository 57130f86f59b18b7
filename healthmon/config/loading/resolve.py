"""What options name outside of the file: secrets, certificates, receivers' URLs, this host, this system's zone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

from healthmon.config import urls
from healthmon.config.credentials import password_hash, token_hash
from healthmon.config.findings import Harmless, nearest, shown, shown_path
from healthmon.config.loading.draft import Draft, DraftSection
from healthmon.config.loading.ini import why_unreadable
from healthmon.config.loading.secrets import Secrets, is_readable_by_all
from healthmon.config.options import FILE
from healthmon.config.sections.receiver import ReceiverUrl
from healthmon.config.sections.shared import Secret
from healthmon.config.values import ALL, NOBODY, Unsuitable, yes_no
from healthmon.times.zones import is_tz_passed_over, system_timezone

#: How the configuration of apprise in YAML looks: a list of URLs below a name.
_YAML = r"(?m)^(?:---|(?:version|urls|groups|include|tag)\s*:(?!//)|\s*-\s+\S)"


#: What the example file says, which is to be filled in.
EXAMPLE_PASSWORD = "change-me"  # noqa: S105 (that of nobody)
EXAMPLE_URL = "mailto://smtp.example.org?from=healthmon@example.org&to=oncall@example.org"


#: What is wrong with a secret that works.
SHORT = f"has fewer than {urls.SHORT_SECRET} characters: easily guessed, and hidden only where it stands alone"


class UrlLine(NamedTuple):
    """A line with a URL: where it stands ("": in the configuration itself), its name, and the URL."""

    file: str
    number: int
    name: str
    url: str

    @property
    def option(self) -> str:
        """The option that it belongs to."""
        if self.file:
            return "urls_file"
        return "urls"


def timezone(general: DraftSection, environ: Mapping[str, str]) -> None:
    """Fill in the system's time zone where none is given."""
    if general.is_given("timezone"):
        return
    zone = general.values["timezone"] = system_timezone(environ)
    if is_tz_passed_over(environ):
        tz = shown(environ["TZ"])
        what = f"not given, and the variable TZ, {tz}, is no time zone that this system knows: it is {zone.key}"
        general.warning("timezone", what)


def as_in_general(section: DraftSection, general: DraftSection) -> None:
    """Fill in the time zone and the language of a section that has none of its own."""
    if section.kind.lines:
        return
    for name in ("timezone", "language"):
        if name in general.values:
            section.values.setdefault(name, general.values[name])


def healthmon(general: DraftSection, secrets: Secrets) -> None:
    """Let a relative database lie beside the configuration, and find the URL of the heartbeat."""
    if "database" in general.values:
        general.values["database"] = secrets.folder / general.values["database"]
    _heartbeat_url(general, secrets)


def _heartbeat_url(section: DraftSection, secrets: Secrets) -> None:
    """Find the URL that is fetched, and check it without showing it."""
    text, file = section.values.pop("heartbeat_url", None), section.values.pop("heartbeat_url_file", None)
    option = "heartbeat_url"
    if section.is_given("heartbeat_url_file"):
        option = "heartbeat_url_file"
        if section.is_given("heartbeat_url"):
            section.problem(option, "heartbeat_url is given as well; one of the two is enough")
            return
    if text is None and file is None:
        return
    try:
        url = secrets.filled_in(text or "")
        if file is not None:
            url = _one_line(section, option, file, secrets)
        section.values["heartbeat_url"] = Secret(urls.heartbeat_url(url))
        if urls.has_short_secret(url):
            section.warning(option, f"a password or token in it {SHORT}")
    except Unsuitable as unsuitable:
        section.problem(option, str(unsuitable))


def pbx(section: DraftSection, secrets: Secrets, hostname: str) -> None:
    """Find a PBX's passwords and CA file, and the name of our application."""
    _password(section, secrets, "password", "the ARI user, from ari.conf")
    if section.is_given("ami"):
        if not section.is_given("ami_username"):
            section.problem("ami_username", "is missing; the manager interface needs a user")
        _password(section, secrets, "ami_password", "the user in manager.conf")
    else:
        for option in ("ami_username", "ami_password", "ami_password_file"):
            if section.is_given(option):
                section.problem(option, "means nothing without ami, which says where the manager interface listens")
    _verify_tls(section, secrets.folder)
    if not section.is_given("application"):
        clean = re.sub(r"[^A-Za-z0-9]", "-", hostname)
        section.values["application"] = f"healthmon-{clean[:50] or 'unnamed'}"


def maintenance(section: DraftSection, draft: Draft) -> None:
    """Refuse names that are not in the file: such a window would do nothing."""
    for option, kind in (("pbx", "pbx"), ("watch", "watch")):
        known = draft.names(kind)
        for pattern in section.values.get(option, ()):
            if not any(fnmatchcase(name, pattern) for name in known):
                what = f"{shown(pattern)}: there is no such [{kind} …] section"
                section.problem(option, what, suggestion=nearest(pattern, known))


def _password(section: DraftSection, secrets: Secrets, option: str, whose: str) -> None:
    """Find a password in its own option, or in the file that the option's twin names."""
    file_option = option + FILE
    used = option
    if section.is_given(option) and section.is_given(file_option):
        section.problem(file_option, f"{option} is given as well; one of the two is enough")
    elif section.is_given(option):
        _literal_password(section, secrets, option, whose)
    elif section.is_given(file_option):
        used = file_option
        _password_from_file(section, secrets, option)
    else:
        section.problem(option, f"is missing; give {option} or {file_option}")
    if 0 < len(section.values.get(option, "")) < urls.SHORT_SECRET:
        section.warning(used, SHORT)


def credentials(draft: Draft, secrets: Secrets) -> None:
    """Find the hashes of passwords and tokens, and check their form without showing it."""
    for user in draft.of("user"):
        _hash(user, secrets, "password_hash", password_hash)
    for token in draft.of("token"):
        _hash(token, secrets, "token_hash", token_hash)
        if not token.is_given("token_hash") and not token.is_given("token_hash_file"):
            token.problem("token_hash", "is missing; healthmon web token makes a token and the line")


def _hash(section: DraftSection, secrets: Secrets, option: str, read: Callable[[str], object]) -> None:
    used = option
    if section.is_given(option + FILE):
        used = option + FILE
        if section.is_given(option):
            section.problem(used, f"{option} is given as well; one of the two is enough")
            return
        _password_from_file(section, secrets, option)
    try:
        text = secrets.password(section.values.get(option, ""))
        if text:
            read(text)
            section.values[option] = Secret(text)
    except Unsuitable as unsuitable:
        section.problem(used, str(unsuitable))


def _literal_password(section: DraftSection, secrets: Secrets, option: str, whose: str) -> None:
    text = section.values.get(option)
    if text is None:
        return
    if text == EXAMPLE_PASSWORD:
        section.problem(option, f"{text} is that of the example; fill in the one of {whose}")
        return
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        section.warning(option, "the quotes around it are taken as part of the password")
    try:
        section.values[option] = Secret(secrets.password(text))
    except Unsuitable as unsuitable:
        section.problem(option, str(unsuitable))


def _password_from_file(section: DraftSection, secrets: Secrets, option: str) -> None:
    file = section.values.get(option + FILE)
    if file is None:
        return
    try:
        section.values[option] = Secret(_one_line(section, option + FILE, file, secrets))
    except Unsuitable as unsuitable:
        section.problem(option + FILE, str(unsuitable))


def _one_line(section: DraftSection, option: str, file: Path, secrets: Secrets) -> str:
    """Return the one line that a file holds. Raises ``Unsuitable``."""
    text = secrets.read(file).strip()
    if "\n" in text:
        raise Unsuitable(f"{shown_path(secrets.path(file))} holds more than one line")
    _warn_if_readable(section, option, secrets.path(file))
    return text


def _warn_if_readable(section: DraftSection, option: str, path: Path) -> None:
    if is_readable_by_all(path):
        section.warning(option, f"every user of this machine can read {shown_path(path)}; chmod o-r")


def _verify_tls(section: DraftSection, folder: Path) -> None:
    """``yes``, ``no``, or the path of a file with certificates."""
    value = section.values.get("verify_tls")
    if value is None:
        return
    try:
        section.values["verify_tls"] = yes_no(value)
    except Unsuitable:
        path = folder / value
        section.values["verify_tls"] = path
        trouble = _why_no_ca_file(path)
        if trouble:
            section.problem("verify_tls", f"{shown(value)}: must be yes, no or a CA file: {trouble}")


def _why_no_ca_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            is_pem = b"-----BEGIN " in file.read(10_000_000)
    except (OSError, ValueError) as error:
        return why_unreadable(error)
    if is_pem:
        return ""
    return "it holds no certificate (PEM)"


def told(section: DraftSection, receivers: list[str]) -> None:
    """Check the names of receivers; ``all`` and ``nobody`` become what they stand for.

    Who is told only after a while is none of ``all``.
    """
    later = _escalations(section, receivers)
    wanted = section.values.get("receivers")
    if wanted is None:
        return
    for name in wanted:
        if name not in receivers and name not in (ALL, NOBODY):
            section.problem(
                "receivers", f"{shown(name)}: there is no [receiver {shown(name)}]", suggestion=nearest(name, receivers)
            )
        if name in (ALL, NOBODY) and len(wanted) > 1:
            section.problem("receivers", f"{name} stands alone, without other names")
    if wanted == (ALL,):
        section.values["receivers"] = tuple(name for name in receivers if name not in later)
    elif wanted == (NOBODY,):
        section.values["receivers"] = ()
    for name in later:
        if name in section.values["receivers"]:
            section.warning("escalate_to", f"{shown(name)} is told at once, as receivers says, and not again")


def _escalations(section: DraftSection, receivers: list[str]) -> list[str]:
    """Check the names of those who are told only when nobody took note, and return them."""
    names = [step.receiver for step in section.values.get("escalate_to", ())]
    for name in dict.fromkeys(names):
        if name not in receivers:
            what = f"{shown(name)}: there is no [receiver {shown(name)}]"
            section.problem("escalate_to", what, suggestion=nearest(name, receivers))
        elif names.count(name) > 1:
            section.problem("escalate_to", f"{shown(name)}: is named twice; it is told once")
    return names


def schedule(
    section: DraftSection, receivers: list[str], why_no_report: Callable[[Sequence[str]], str | None] | None
) -> None:
    """Check who gets a report, and have its arguments checked."""
    told(section, receivers)
    arguments = section.values.get("report")
    if arguments is not None and why_no_report and (why := why_no_report(arguments)):
        section.problem("report", why)


def receiver(section: DraftSection, secrets: Secrets, why_refused: Callable[[str], str | None] | None) -> None:
    """Collect a receiver's URLs, name each, and have each checked."""
    if not section.is_given("urls") and not section.is_given("urls_file"):
        section.problem("urls", "is missing; give at least one URL")
        return
    lines = [line for line in [*_own_lines(section, secrets), *_lines_of_file(section, secrets)] if line]
    _refuse_same_names(section, lines)
    ids = urls.url_ids(section.name, [(line.name, line.url) for line in lines])
    for line, url_id in zip(lines, ids, strict=True):
        if line.url == EXAMPLE_URL:
            what = f"{url_id}: this is the address of the example; fill in your own, or take the line away"
            section.problem(line.option, what, line=line.number, file=line.file)
            continue
        if why_refused and (refused := why_refused(line.url)):
            what = f"{url_id}: {_said_of(line.url, refused)}"
            section.problem(line.option, what, line=line.number, file=line.file)
        elif urls.has_short_secret(line.url):
            section.warning("urls", f"{url_id}: a password or token in it {SHORT}")
    section.values["urls"] = tuple(
        ReceiverUrl(url_id, Secret(line.url)) for url_id, line in zip(ids, lines, strict=True)
    )


def _said_of(url: str, refused: str) -> str:
    """Say why a URL is refused, without its secrets; of a webhook's own address which line to write."""
    webhook = urls.as_webhook(url)
    if webhook:
        return f"this is the address of a web server; for a webhook that takes JSON write {webhook}, the rest as it is"
    if isinstance(refused, Harmless):
        return refused
    return urls.without_parts_of(url, refused)


def remarks(receivers: Sequence[DraftSection], remark: Callable[[str], str | None]) -> None:
    """Warn of what a channel makes of our messages. A remark holds nothing of a URL but names of known options."""
    for section in receivers:
        for url in section.values.get("urls", ()):
            if words := remark(url.url):
                section.warning("urls", f"{url.url_id}: {words}")


def _own_lines(section: DraftSection, secrets: Secrets) -> list[UrlLine | None]:
    given = section.section.values.get("urls")
    if given is None:
        return []
    return [_url_line(section, secrets, "", number, text) for number, text in given.lines]


def _lines_of_file(section: DraftSection, secrets: Secrets) -> list[UrlLine | None]:
    file = section.values.get("urls_file")
    if file is None:
        return []
    try:
        text = secrets.read(file)
        _warn_if_readable(section, "urls_file", secrets.path(file))
    except Unsuitable as unsuitable:
        section.problem("urls_file", str(unsuitable))
        return []
    path = shown_path(secrets.path(file))
    if re.search(_YAML, text):
        section.problem("urls_file", f"{path} is a YAML file of apprise; write one URL on each line, as in urls")
        return []
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    return [_url_line(section, secrets, path, number, line) for number, line in lines if line and line[0] not in "#;"]


def _url_line(section: DraftSection, secrets: Secrets, file: str, number: int, text: str) -> UrlLine | None:
    """Take one line apart; what is wrong with it is said without showing it."""
    name, raw = urls.name_and_url(text)
    try:
        url = secrets.filled_in(raw).strip()
        if not urls.scheme_of(url):
            raise Unsuitable("this line is no apprise URL; one looks like mailto://… or name = mailto://…")
        if any(letter.isspace() or not letter.isprintable() for letter in url):
            raise Unsuitable("this URL holds a space or a control character; one URL on each line, a space is %20")
    except Unsuitable as unsuitable:
        what = str(unsuitable)
        # Without a URL behind it, what stands before the "=" may be a piece of a token.
        if name and urls.scheme_of(raw):
            what = f"{name}: {what}"
        section.problem(UrlLine(file, number, name, "").option, what, line=number, file=file)
        return None
    return UrlLine(file, number, name, url)


def _refuse_same_names(section: DraftSection, lines: list[UrlLine]) -> None:
    first: dict[str, UrlLine] = {}
    for line in lines:
        known = first.setdefault(line.name, line)
        if line.name and known is not line:
            where = f"line {known.number}"
            if known.file and known.file != line.file:
                where += f" of {known.file}"
            what = f"{line.name}: another URL has this name; the first is in {where}"
            section.problem(line.option, what, line=line.number, file=line.file)
