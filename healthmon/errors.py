"""The exceptions of healthmon: facts as attributes, the sentence in ``str()``.

HealthmonError
├── ConfigError              a list of problems; exit 78
├── AriError                 which PBX, which call
│   ├── AriUnreachable       refused, timed out, DNS, TLS: an observation, retried
│   ├── AriStarting          404 with HTML, 503 "not booted"
│   │   └── AriBooting       503 "not booted"
│   ├── AriDenied            401, 403: somebody must act
│   ├── AriNotFound          404 with JSON: Asterisk does not know this resource
│   ├── AriUnexpected        not the JSON that we know
│   └── AriReplaced          another client took our application
├── AmiError                 which PBX: of its manager interface
│   ├── AmiUnreachable       refused, frozen, cut, DNS, TLS: an observation, retried
│   ├── AmiDenied            the login is refused, or a right is missing: somebody must act
│   │   └── AmiHearsOnly     the user may hear events, and not ask for a list
│   ├── AmiInUse             another session has the user, who may have one
│   └── AmiUnexpected        not what a manager interface says
│       └── AmiForeign       something else listens on that port
├── StoreError               the database file, which one
│   ├── SchemaTooNew         written by a newer healthmon
│   ├── ForeignDatabase      not healthmon's file, or damaged
│   ├── DatabaseUnwritable   disk full, read-only
│   │   └── DatabaseBusy     another process holds one of SQLite's locks
│   ├── DatabaseLocked       a second daemon
│   └── DatabaseLost         deleted, replaced or cut while the daemon used it
├── NoThread                 the limit of tasks, or the memory
└── DeliveryError            what was tried, what apprise said (redacted)
    ├── DeliveryUnsure       timed out after it was handed over: perhaps sent
    └── DeliveredInPart      some of a URL's addresses have it

A failed look at the world is no exception for the pipeline: a source turns AriError, or AmiError, into an observation.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from healthmon.text.longtext import shortened


class ExitCode:
    """What a command's exit code means."""

    OK = 0
    #: ``status``: something is down; ``doctor``: something is serious; ``test-alert``: a URL failed; ``run``: a defect.
    PROBLEM = 1
    #: click's own code for wrong arguments.
    USAGE = 2
    #: ``status``: what is shown is stale, or no daemon is running; ``report``: nothing matches, or is known;
    #: ``doctor``: a PBX could not be looked at.
    STALE = 3
    #: The database cannot be used (sysexits.h EX_CANTCREAT).
    DATABASE = 73
    #: ``run``: the database was lost, replaced or damaged while it was used (sysexits.h EX_IOERR). A restart may help.
    DATABASE_LOST = 74
    #: The configuration has problems (sysexits.h EX_CONFIG).
    CONFIG = 78


class HealthmonError(Exception):
    """Something that healthmon can explain in one sentence."""

    exit_code = ExitCode.PROBLEM


class NoThread(HealthmonError):
    """The system lets us have no more threads."""

    def __str__(self) -> str:
        return "no further thread can be started: see the limit of tasks (TasksMax=, ulimit -u), and the memory"


class Problem(Struct, frozen=True, order=True):
    """One thing wrong in a configuration file; ``str()`` is the line that a person reads."""

    file: str
    line: int
    section: str
    option: str
    what: str
    suggestion: str = ""

    def __str__(self) -> str:
        """Say ``config.ini:14 [watch phones] doun_after: unknown option; did you mean down_after?``."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        section = f" [{self.section}]" if self.section else ""
        option = f" {self.option}" if self.option else ""
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{place}{section}{option}: {self.what}{hint}"


class ConfigError(HealthmonError):
    """The configuration cannot be used. Every problem found is listed, in the order of the file."""

    exit_code = ExitCode.CONFIG

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Trouble(StrEnum):
    """What is wrong with the connection to a PBX."""

    REFUSED = "refused"
    TIMED_OUT = "timed out"
    DNS = "name not found"
    TLS = "TLS"
    CLOSED = "closed"
    #: The socket is open, and our own user event does not come back.
    SILENT = "silent"
    DENIED = "denied"
    STARTING = "starting"
    REPLACED = "replaced"
    UNEXPECTED = "unexpected answer"
    #: Our own machine has no way to it: no route, no address, a packet filter of ours.
    NO_NETWORK = "no network here"
    #: What looks at it has a defect.
    DEFECT = "defect of healthmon"

    @property
    def is_ours(self) -> bool:
        """Whether it tells nothing of the PBX, whose calls go on: only we cannot see it."""
        return self in _OURS


_OURS = frozenset({Trouble.DNS, Trouble.TLS, Trouble.DENIED, Trouble.UNEXPECTED, Trouble.NO_NETWORK, Trouble.DEFECT})


class AriError(HealthmonError):
    """A call to ARI failed. ``trouble`` classifies it, ``what`` is the sentence without the PBX's name.

    The sentence may quote what the peer said: it is cut.
    """

    trouble = Trouble.UNEXPECTED

    def __init__(self, pbx: str, call: str, what: str) -> None:
        self.pbx = pbx
        self.call = call
        self.what = shortened(what)
        super().__init__(f"pbx {pbx}: {call}: {self.what}")


class AriUnreachable(AriError):
    """No answer: refused, timed out, no such name, TLS. Worth retrying."""

    def __init__(self, pbx: str, call: str, what: str, trouble: Trouble) -> None:
        super().__init__(pbx, call, what)
        self.trouble = trouble


class AriStarting(AriError):
    """Asterisk is booting: 404 with HTML (HTTP is up, ARI not yet), or 503 "Asterisk not booted"."""

    trouble = Trouble.STARTING


class AriBooting(AriStarting):
    """503 "Asterisk not booted": ARI is on, and says itself that it will answer in a moment."""


class AriDenied(AriError):
    """401 or 403: wrong user or password, or a read_only user. Somebody must act."""

    trouble = Trouble.DENIED

    def __init__(self, pbx: str, call: str, what: str, status: int) -> None:
        super().__init__(pbx, call, what)
        self.status = status


class AriNotFound(AriError):
    """404 with JSON: Asterisk does not know what was asked for."""


class AriUnexpected(AriError):
    """An answer that is not the JSON we know; ``excerpt`` keeps its first 200 characters for the log."""

    def __init__(self, pbx: str, call: str, what: str, excerpt: str = "") -> None:
        super().__init__(pbx, call, what)
        self.excerpt = shortened(excerpt, 199)


class AriReplaced(AriError):
    """Another client connected with our application's name; its socket gets the events now."""

    trouble = Trouble.REPLACED


class SourceDefect(AriError):
    """What looks at a PBX has a defect of ours. It is reported as a failed look, and begins anew."""

    trouble = Trouble.DEFECT


class AmiError(HealthmonError):
    """The manager interface of a PBX could not be asked. ``what`` is the sentence without the PBX's name, cut."""

    trouble = Trouble.UNEXPECTED

    def __init__(self, pbx: str, what: str, trouble: Trouble | None = None) -> None:
        self.pbx = pbx
        self.what = shortened(what)
        if trouble is not None:
            self.trouble = trouble
        super().__init__(f"pbx {pbx}: manager interface: {self.what}")


class AmiUnreachable(AmiError):
    """No answer: refused, frozen, cut, no such name, TLS. Worth retrying."""


class AmiDenied(AmiError):
    """The login is refused, or the user may not ask for what is needed. Somebody must act."""

    trouble = Trouble.DENIED


class AmiHearsOnly(AmiDenied):
    """The user may hear events, and not ask for the list of registrations: some is known, and most is not."""


class AmiInUse(AmiError):
    """Another session is logged in as our user, and Asterisk takes one of each (allowmultiplelogin). It may end."""


class AmiUnexpected(AmiError):
    """What answers does not speak as a manager interface does."""


class AmiForeign(AmiUnexpected):
    """What listens there is something else, as its first line shows."""


#: What comes of a value in the database that cannot be there, wherever it is met: a text instead of a time, say.
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def unreadable(error: Exception) -> str:
    """Say that such a value was met, where it cannot be looked for at once."""
    return f"the database holds what it should not ({type(error).__name__}): healthmon db check"


class StoreError(HealthmonError):
    """The database file cannot be used. ``path`` names it."""

    exit_code = ExitCode.DATABASE

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self.what = what
        super().__init__(f"{path}: {what}")


class SchemaTooNew(StoreError):
    """The database was written by a newer healthmon."""


class ForeignDatabase(StoreError):
    """The file is damaged, or not a database of healthmon. It is left untouched."""


class DatabaseUnwritable(StoreError):
    """The disk is full, or the file system is read-only. What was to be written is kept and tried again."""


class DatabaseBusy(DatabaseUnwritable):
    """Another process holds one of SQLite's locks: for a moment, or for as long as it likes. ``what`` says who."""


class TookTooLong(StoreError):
    """What was asked is not answered in the time that whoever asked would wait."""


class DatabaseLocked(StoreError):
    """Another daemon is using this database."""


class DatabaseLoss(StrEnum):
    """What became of the database's files while they were used."""

    #: There is no file of its name any more.
    GONE = "gone"
    #: Another file has its name.
    REPLACED = "replaced"
    #: It is the same file, and holds something else, or less.
    OVERWRITTEN = "overwritten"
    #: The file is as it was; what SQLite keeps beside it is not.
    LOG = "log"


class DatabaseLost(StoreError):
    """The files are no longer those that were opened. Nothing may be written into what is there now."""

    exit_code = ExitCode.DATABASE_LOST

    def __init__(self, path: Path, what: str, loss: DatabaseLoss) -> None:
        super().__init__(path, what)
        self.loss = loss


class NoConnection(Struct, frozen=True):
    """Where no connection could be opened; an empty host: it is not known where."""

    host: str = ""
    port: int = 0


class DeliveryError(HealthmonError):
    """A message was not accepted by its channel. ``why`` is apprise's own word, redacted.

    ``refused``: the channel works, it answered, and it did not want this message (HTTP 400, 413, …).
    ``retry_after``: for so many seconds it wants no further message (HTTP 429); None: it did not say.
    ``no_connection``: nothing was sent, for nobody could be reached there; None: that is not what went wrong.
    """

    def __init__(
        self,
        url_id: str,
        why: str,
        *,
        refused: bool = False,
        retry_after: float | None = None,
        no_connection: NoConnection | None = None,
    ) -> None:
        self.url_id = url_id
        self.why = why
        self.refused = refused
        self.retry_after = retry_after
        self.no_connection = no_connection
        super().__init__(f"{url_id}: {why}")


class DeliveryUnsure(DeliveryError):
    """Nobody knows whether the message arrived: it was handed over, and no answer came. Send it again rarely."""


class Missed(Struct, frozen=True):
    """An address that does not have a message which others of its URL have.

    ``address`` is its key, which shows nothing of it; ``place`` is what people call it: "address 2 in to=".
    """

    address: str
    place: str
    why: str
    #: The server refused it for good (5xx): this message is not sent to it again.
    is_final: bool = False
    #: Nobody knows: it may have arrived.
    in_doubt: bool = False
    #: It was sent to it; False: it waits for earlier ones, or is no longer in the URL.
    was_tried: bool = True


class DeliveredInPart(DeliveryError):
    """Some addresses of a URL have the message, ``missed`` names the others: it must not be sent to all again."""

    def __init__(self, url_id: str, missed: tuple[Missed, ...]) -> None:
        super().__init__(url_id, "; ".join(f"not to {miss.place}: {miss.why}" for miss in missed))
        self.missed = missed
