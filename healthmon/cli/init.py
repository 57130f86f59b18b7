"""``healthmon init``: from nothing to a configuration that works, without an editor."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from pathlib import Path

import click
from msgspec.structs import replace

from healthmon.ari.client import AriClient
from healthmon.cli.asking import ask, ask_until, confirmed, say_what_is_wrong
from healthmon.cli.common import progress
from healthmon.config.configuration import Config
from healthmon.config.describe import describe
from healthmon.config.loading.load import load
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.values import NAMES, is_name
from healthmon.errors import (
    AmiError,
    AmiForeign,
    AmiHearsOnly,
    AriError,
    ConfigError,
    ExitCode,
    HealthmonError,
    Problem,
    Trouble,
)
from healthmon.files import new_file
from healthmon.model import Kind, Target
from healthmon.notify.channels.by_scheme import remark, why_refused
from healthmon.notify.delivery.trial import test_alert
from healthmon.report.admin.discovery import (
    NO_ENDPOINTS,
    NOT_CHECKED,
    Discovered,
    discovered,
    lack_of_drivers,
    missing_modules_in_words,
)
from healthmon.report.admin.first_config import RECEIVER, WITHOUT_AMI, FirstAnswers, first_config, watch_sections
from healthmon.report.doctor.blind import not_looked_at
from healthmon.report.doctor.switch_on import FREEPBX_AMI_USER, manager_user, usual_manager_url
from healthmon.report.doctor.text import finding_text, remedy_text
from healthmon.report.formatting import counted, visible
from healthmon.sources.examination import FailedLook, PbxLook
from healthmon.sources.survey import Survey, info_once_booted, survey
from healthmon.text.lists import listed

#: So many endpoints are looked at one by one; at 20 requests a second that takes some 20 s.
MOST_ASKED = 500

#: The names of providers take so many characters.
_ROOM_FOR_NAMES = 100

#: What is asked of the manager interface, and the answers of who wants none.
_MANAGER, _WITHOUT = "Manager interface, for registrations", ("none", "no", "-")

#: Stands for a secret while the answers before it are checked.
_NOT_ASKED_YET = "not-asked-yet"

#: Where the service looks for its configuration; the database is in its usual place then.
_OF_THE_SERVICE = Path("/etc/healthmon")
#: Its group may read the configuration.
_SERVICE_GROUP = "healthmon"


_IS_THERE = "{path} is there already, and is left as it is; healthmon init --force writes over it"


class NotWritten(HealthmonError):
    """The configuration cannot be written, or must not be."""

    exit_code = ExitCode.USAGE


@click.command("init")
@click.option("--name", default="office", show_default=True, help="What the PBX is called in messages and reports.")
@click.option("--force", is_flag=True, help="Write over a configuration that is there.")
@click.pass_obj
def command(path: Path, *, name: str, force: bool) -> None:
    """Ask for what is needed, try each answer, and write the configuration.

    Asks for the URL, user and password of ARI, for the manager interface (empty: without it) and for one receiver,
    to which it sends a test message; finds providers and phones by itself. Answers may be piped in, one on each line.
    Nothing is changed at the PBX. Until all is answered nothing is written.
    """
    _refuse_early(path, name, force=force)
    draft = _Draft(path, name)
    found = draft.ask_for_pbx()
    draft.ask_for_manager(found.states.keys() - found.unconfigured)
    watches = draft.watches_of(found)
    draft.ask_for_receiver()
    config = draft.checked(watches)
    _write(path, first_config(draft.answers, watches), force=force)
    for line in describe(config):
        click.echo(line)
    click.echo()
    for warning in config.warnings:
        click.echo(f"warning: {warning}", err=True)
    _say_what_next(path)


def _refuse_early(path: Path, name: str, *, force: bool) -> None:
    """Say before anything is asked what would be in the way at the end."""
    if not is_name(name):
        raise NotWritten(f"--name: {NAMES}")
    if path.exists() and not force:
        raise NotWritten(_IS_THERE.format(path=path))
    if not path.absolute().parent.is_dir():
        raise NotWritten(f"there is no folder {path.parent}; make it first: install -d -m 750 {path.parent}")
    if not os.access(path.absolute().parent, os.W_OK):
        raise NotWritten(f"this user may not write into {path.parent}")


class _Draft:
    """What is answered so far. Each answer is checked as it will be read from the file."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        database = ""
        if path.absolute().parent != _OF_THE_SERVICE:
            database = "healthmon.db"
        self.answers = FirstAnswers(
            name, "http://127.0.0.1:8088", "healthmon", password=_NOT_ASKED_YET, database=database
        )

    def checked(self, watches: str = "") -> Config:
        """Read the file that there would be. Raises ConfigError."""
        text = first_config(self.answers, watches)
        return load(self._path, text=text, why_refused=why_refused, remark=remark)

    def _why_not(self, **answers: str) -> str:
        """Say why these cannot be taken; "": they are taken."""
        before, self.answers = self.answers, replace(self.answers, **answers)
        try:
            config = self.checked()
        except ConfigError as error:
            self.answers = before
            return "; ".join(map(_in_words, error.problems))
        if self._as_read(config) == self.answers:
            return ""
        self.answers = before
        return "the file would not hold this as it is: it has spaces at its ends, ${…} in it, or a name before a URL"

    def _as_read(self, config: Config) -> FirstAnswers:
        """The answers as healthmon will read them from the file."""
        [pbx] = config.pbxs
        urls = [str(url.url) for receiver in config.receivers for url in receiver.urls]
        return replace(
            self.answers,
            password=str(pbx.password),
            ami_password=str(pbx.ami_password),
            receiver_url="\n".join(urls),
        )

    # ---------------------------------------------------------------- the PBX

    def ask_for_pbx(self) -> Survey:
        """Ask how the PBX is reached until it is, and return what it has."""
        while True:
            answers = self.answers
            ask_until("URL of Asterisk's HTTP server", lambda url: self._why_not(url=url), answers.url)
            if not self._is_somebody_there():
                continue
            ask_until("User of ARI", self._why_no_user, answers.username)
            self._ask_for_secret("Its password", lambda secret: self._why_not(password=secret))
            found = self._looked_at()
            if found is not None:
                return found

    def _is_somebody_there(self) -> bool:
        """Whether ARI answers at the URL, whoever asks; if not, it was said what to switch on."""
        [pbx] = self.checked().pbxs
        try:
            # A wrong password would be a security event at the PBX, which fail2ban reads.
            with closing(AriClient(pbx, logs_in=False)) as client:
                info_once_booted(client)
        except AriError as error:
            # Who does not log in is refused; and of a certificate it is asked later what to do.
            if error.trouble in (Trouble.DENIED, Trouble.TLS):
                return True
            _say_what_to_switch_on(pbx, error)
            return False
        return True

    def _why_no_user(self, user: str) -> str:
        if ":" in user:
            return "the name of a user of ARI has no colon; the URL is answered already, the password is asked for next"
        return self._why_not(username=user)

    def _ask_for_secret(self, question: str, why_not: Callable[[str], str]) -> None:
        while wrong := why_not(secret := ask(question, is_secret=True)):
            say_what_is_wrong(wrong, secret)

    def _looked_at(self) -> Survey | None:
        """Look at the PBX; None: that cannot be done, and it was said what to switch on."""
        [pbx] = self.checked().pbxs
        try:
            found = survey(pbx, progress(f"asking {pbx.name}"), most=MOST_ASKED)
        except AriError as error:
            _say_what_to_switch_on(pbx, error)
            if error.trouble is Trouble.TLS and confirmed("Go on without checking its certificate?"):
                self.answers = replace(self.answers, verify_tls=False)
                return self._looked_at()
            return None
        click.echo(f"    Asterisk {found.info.version} answers; {counted(len(found.states), 'endpoint')}")
        return found

    def ask_for_manager(self, endpoints: Collection[Target]) -> None:
        """Ask for the manager interface until it answers, or somebody leaves it out."""
        address = ask(f"{_MANAGER}: tcp://127.0.0.1:5038, or http (empty: without)", may_be_empty=True)
        while address and address.lower() not in _WITHOUT:
            if self._has_manager(address, endpoints):
                return
            # What was answered before is kept: mostly one of several answers was wrong.
            address = ask(f"{_MANAGER} ({_WITHOUT[0]}: without)", self.answers.ami, may_be_empty=True)
        self.answers = replace(self.answers, ami_password="", is_without_ami=True)
        click.echo(f"    {WITHOUT_AMI}; the file has lines for it, to be filled in")

    def _has_manager(self, address: str, endpoints: Collection[Target]) -> bool:
        """Ask for its user and password, and try it. Of a wrong address nothing more is asked."""
        user = self.answers.ami_username or self.answers.username
        wrong = self._why_not(ami=address, ami_username=user, ami_password=_NOT_ASKED_YET)
        if wrong:
            click.echo(f"    {wrong}")
            return False
        ask_until("Its user (manager.conf)", lambda word: self._why_not(ami_username=word), user)
        self._ask_for_secret("Its secret", lambda secret: self._why_not(ami_password=secret))
        return self._manager_answers(endpoints)

    def _manager_answers(self, endpoints: Collection[Target]) -> bool:
        # Most have none: who speaks to a manager interface is not even imported then.
        from healthmon.ami.registrations import REGISTERED  # noqa: PLC0415
        from healthmon.ami.rights import UNKNOWN_BY_EVENTS  # noqa: PLC0415
        from healthmon.sources.manager.survey import survey_manager  # noqa: PLC0415

        [pbx] = self.checked().pbxs
        try:
            found = survey_manager(pbx, endpoints)
        except AmiHearsOnly:
            click.echo(f"    it answers, with events only. {UNKNOWN_BY_EVENTS}")
            click.echo("    With write = reporting in manager.conf, and a reload of healthmon, they are known")
            return True
        except AmiError as error:
            click.echo(f"    {error.what}\n")
            if isinstance(error, AmiForeign):
                click.echo(f"    The usual address is {usual_manager_url(pbx.ami)}\n")
            else:
                click.echo(remedy_text(manager_user(pbx.ami_username, pbx.ami), FREEPBX_AMI_USER))
            return False
        lost = sum(registration.status != REGISTERED for registration in found.registrations)
        words = f"it answers; {counted(len(found.registrations), 'registration')}"
        if lost:
            words += f", {lost} not registered now"
        click.echo(f"    {words}")
        return True

    # ---------------------------------------------------------------- what is watched, and who is told

    def watches_of(self, found: Survey) -> str:
        """Say what was found, and write the sections that watch it."""
        config = self.checked()
        endpoints = [discovered(endpoint, found.states[endpoint.target], config) for endpoint in found.settings]
        _say_what_was_found(endpoints, found)
        return watch_sections(endpoints, found.states.keys() - found.unconfigured)

    def ask_for_receiver(self) -> None:
        """Ask whom to tell until a test message was accepted, or somebody wants it all the same."""
        question = "Whom to tell: a URL of apprise, such as mailto://…, tgram://…, json://…"
        while True:
            ask_until(question, lambda url: self._why_not(receiver_url=url))
            config = self.checked()
            results = test_alert(config.receivers[0], zone=config.timezone)
            for result in results:
                click.echo(f"    {result.words}")
            if all(result.ok for result in results) or confirmed("Take it all the same?"):
                return


def _say_what_to_switch_on(pbx: PbxConfig, error: AriError) -> None:
    failure = FailedLook.of(error)
    click.echo(finding_text(not_looked_at(PbxLook(pbx, failure), failure)))
    click.echo("Put that right, and answer again; Ctrl-C ends, and leaves nothing behind.")


def _in_words(problem: Problem) -> str:
    """Say what is wrong with an answer; where it would stand in the file is not known to who answers."""
    if problem.suggestion:
        return f"{problem.what}; did you mean {problem.suggestion}?"
    return problem.what


def _say_what_was_found(found: Sequence[Discovered], surveyed: Survey) -> None:
    providers = [endpoint.target.endpoint for endpoint in found if endpoint.kind is Kind.PROVIDER]
    phones = [endpoint for endpoint in found if endpoint.kind is Kind.PHONE]
    if not surveyed.states:
        click.echo(f"    {NO_ENDPOINTS} What comes later is watched")
    if providers:
        names = visible(listed(providers, _ROOM_FOR_NAMES))
        click.echo(f"    {counted(len(providers), 'provider')}: {names}")
    click.echo(f"    {counted(len(phones), 'phone')}")
    unchecked = [endpoint.target.endpoint for endpoint in found if endpoint.qualified == NOT_CHECKED]
    if unchecked:
        names = visible(listed(unchecked, _ROOM_FOR_NAMES))
        click.echo(f"    not checked by Asterisk: {names}; healthmon doctor says what to write where")
    if surveyed.missing_drivers:
        click.echo(f"    warning: {lack_of_drivers(surveyed.missing_drivers)}")
    if surveyed.missing_modules:
        click.echo(f"    warning: {missing_modules_in_words(surveyed.missing_modules)}")


def _write(path: Path, text: str, *, force: bool) -> None:
    """Write the file for this user alone: it holds passwords. Somebody may have made one while we asked."""
    try:
        with new_file(path, keeps_rights=False, replaces=force) as file:
            os.fchmod(file.file, 0o600)
            with os.fdopen(file.file, "wb", closefd=False) as opened:
                opened.write(text.encode())
    except FileExistsError:
        raise NotWritten(_IS_THERE.format(path=path)) from None


def _say_what_next(path: Path) -> None:
    click.echo(f"{path}: written")
    click.echo(f"One more test message:  healthmon -c {path} test-alert {RECEIVER}")
    if path.absolute().parent == _OF_THE_SERVICE and os.geteuid() == 0:
        click.echo(f"For the service to read it:  chgrp {_SERVICE_GROUP} {path} && chmod 640 {path}")
    click.echo(f"Now start it:  healthmon -c {path} run")
