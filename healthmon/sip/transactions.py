"""Client transactions of OPTIONS, by RFC 3261, section 17.1.2: what was sent, when again, and whose answer this is.

Pure: time is an argument (a steady clock, seconds), and whoever calls sends and receives.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

from msgspec import Struct

from healthmon.model import Word
from healthmon.sip.destinations import Remote, Transport
from healthmon.sip.messages import Asking, SipAnswer, glimpse_branch, read_answer

#: RFC 3261's T1 and T2 (seconds).
T1, T2 = 0.5, 4.0
#: Timer F: for so long an answer to a transaction may come at all. Later ones cannot be told from forged ones.
REMEMBERED_FOR = 64 * T1
#: So many messages to one request are read in full. An honest server sends at most two, "100 Trying" and its answer, to
#: each of the four times that the request leaves. A hostile one has none but its own answer ignored then: only who has
#: seen the request knows its branch.
MOST_READ = 16


class Oddity(Word):
    """Why what came is no answer to anything; each is counted."""

    MALFORMED = "malformed"
    #: No transaction of ours has this branch.
    WRONG_BRANCH = "wrong branch"
    #: It comes from elsewhere than where the request went.
    WRONG_SOURCE = "wrong source"
    #: Another CSeq, method or Call-ID than the request of this branch.
    WRONG_CSEQ = "wrong CSeq"
    #: We had given up.
    LATE = "late"
    #: It was answered already.
    DOUBLED = "doubled"
    #: More came to this request than is read.
    TOO_MANY = "too many"


class Transaction:
    """One OPTIONS that is on its way. Owned by whoever owns the transactions."""

    __slots__ = (
        "again_at",
        "answered_within",
        "asking",
        "interval",
        "is_proceeding",
        "packet",
        "read",
        "remote",
        "sent",
        "sent_at",
    )

    def __init__(self, asking: Asking, remote: Remote, packet: bytes, now: float, answered_within: float) -> None:
        self.asking = asking
        self.remote = remote
        self.packet = packet
        self.sent_at = now
        self.answered_within = answered_within
        #: How many times it left.
        self.sent = 1
        #: How many messages to it were read in full.
        self.read = 0
        self.is_proceeding = False
        self.interval = T1
        #: Timer E; over a connection nothing is sent again.
        self.again_at = float("inf")
        if remote.transport is Transport.UDP:
            self.again_at = now + T1

    @property
    def given_up_at(self) -> float:
        """When it counts as not answered."""
        return self.sent_at + self.answered_within

    @property
    def next_at(self) -> float:
        """When there is something to do about it."""
        return min(self.again_at, self.given_up_at)

    def sent_again(self, now: float) -> None:
        """It left once more: the next time is twice as far, T2 at most."""
        self.sent += 1
        self.interval = T2 if self.is_proceeding else min(2 * self.interval, T2)
        self.again_at = now + self.interval


class Answered(Struct, frozen=True):
    """The final answer to a transaction."""

    transaction: Transaction
    answer: SipAnswer
    #: When it came (steady clock).
    at: float


class Transactions:
    """All that are on their way, by their branches; and those that are over, for as long as an answer may come."""

    def __init__(self) -> None:
        self._open: dict[str, Transaction] = {}
        #: Those that are over: whether they were answered, and until when that is remembered.
        self._over: dict[str, bool] = {}
        self._over_until: deque[tuple[float, Transaction]] = deque()
        #: How many of both went where: what comes from elsewhere is not even read.
        self._remotes: Counter[Remote] = Counter()
        #: What came and was ignored.
        self.ignored: Counter[Oddity] = Counter()

    def __len__(self) -> int:
        """How many are on their way."""
        return len(self._open)

    def begin(self, transaction: Transaction) -> None:
        """It was sent for the first time."""
        self._open[transaction.asking.branch] = transaction
        self._remotes[transaction.remote] += 1

    def drop(self, transaction: Transaction, now: float) -> None:
        """Wait for its answer no longer."""
        self._end(transaction, now, is_answered=False)

    def next_at(self) -> float:
        """When something is due (steady clock); inf: nothing is."""
        return min((transaction.next_at for transaction in self._open.values()), default=float("inf"))

    def to_send_again(self, now: float) -> Iterator[Transaction]:
        """Give those that are to be sent once more now; whoever takes them sends them."""
        for transaction in self._open.values():
            if transaction.again_at <= now < transaction.given_up_at:
                transaction.sent_again(now)
                yield transaction

    def given_up(self, now: float) -> list[Transaction]:
        """Return those that were not answered in time, once. What had come before ``now`` must have been received."""
        silent = [transaction for transaction in self._open.values() if transaction.given_up_at <= now]
        for transaction in silent:
            self._end(transaction, now, is_answered=False)
        # What was over long enough ago is forgotten.
        while self._over_until and self._over_until[0][0] <= now:
            _, transaction = self._over_until.popleft()
            self._over.pop(transaction.asking.branch, None)
            self._remotes[transaction.remote] -= 1
            if not self._remotes[transaction.remote]:
                del self._remotes[transaction.remote]
        return silent

    def receive(self, raw: bytes, source: Remote, now: float) -> Answered | None:
        """Take what came from somewhere; None: it ends no transaction. What is no answer of ours is counted.

        ``now``: when it came. What answers nothing of ours is found out before it is read in full, which costs much.
        """
        if source not in self._remotes:
            self.ignored[Oddity.WRONG_SOURCE] += 1
            return None
        branch = glimpse_branch(raw)
        transaction = self._open.get(branch or "")
        if branch is None or transaction is None:
            self.ignored[self._oddity_of(branch)] += 1
            return None
        answer = _read_answer_to(transaction, raw, source)
        if isinstance(answer, Oddity):
            self.ignored[answer] += 1
            return None
        if answer.code < 200:
            # It works on it: asked again all the same, less often.
            transaction.is_proceeding = True
            return None
        self._end(transaction, now, is_answered=True)
        return Answered(transaction, answer, now)

    def _oddity_of(self, branch: str | None) -> Oddity:
        """Why what has this branch is an answer to nothing that is on its way; ``branch``: None: it has none."""
        if branch is None:
            return Oddity.MALFORMED
        was_answered = self._over.get(branch)
        if was_answered is None:
            return Oddity.WRONG_BRANCH
        return Oddity.DOUBLED if was_answered else Oddity.LATE

    def _end(self, transaction: Transaction, now: float, *, is_answered: bool) -> None:
        branch = transaction.asking.branch
        if self._open.pop(branch, None) is not None:
            self._over[branch] = is_answered
            self._over_until.append((now + REMEMBERED_FOR, transaction))


def _read_answer_to(transaction: Transaction, raw: bytes, source: Remote) -> SipAnswer | Oddity:
    """Read what seems to answer this one, or say why it does not."""
    if source != transaction.remote:
        return Oddity.WRONG_SOURCE
    if transaction.read >= MOST_READ:
        return Oddity.TOO_MANY
    transaction.read += 1
    answer = read_answer(raw)
    if answer is None:
        return Oddity.MALFORMED
    asked = transaction.asking
    if answer.branch != asked.branch:
        return Oddity.WRONG_BRANCH
    if (answer.cseq, answer.method, answer.call_id) != (asked.cseq, "OPTIONS", asked.call_id):
        return Oddity.WRONG_CSEQ
    return answer
