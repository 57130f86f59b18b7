"""Client transactions by RFC 3261: what is sent again when, and whose answer counts."""

from __future__ import annotations

import pytest

from healthmon.sip.destinations import Remote, Transport
from healthmon.sip.transactions import Oddity, Transaction, Transactions
from tests.sip.scene import SERVER, answer, asking, transaction

ASKING = asking()


def begun(remote: Remote = SERVER) -> tuple[Transactions, Transaction]:
    """One OPTIONS left at 0."""
    transactions, first = Transactions(), transaction(ASKING, remote=remote)
    transactions.begin(first)
    return transactions, first


def times_of_retransmissions(transactions: Transactions) -> list[float]:
    """When it is sent again, until it is given up."""
    times = []
    now = transactions.next_at()
    while len(transactions):
        times += [now for _ in transactions.to_send_again(now)]
        transactions.given_up(now)
        now = transactions.next_at()
    return times


def test_over_udp_it_is_sent_again_twice_as_late_each_time() -> None:
    transactions, _ = begun()

    assert times_of_retransmissions(transactions) == [0.5, 1.5, 3.5]


def test_the_pause_never_exceeds_t2() -> None:
    transactions = Transactions()
    transactions.begin(Transaction(ASKING, SERVER, b"", 0.0, 32.0))

    assert times_of_retransmissions(transactions) == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.TLS])
def test_over_a_connection_nothing_is_sent_again(transport: Transport) -> None:
    transactions, _ = begun(Remote(transport, "192.0.2.1", 5060))

    assert times_of_retransmissions(transactions) == []


def test_what_is_not_answered_is_given_up_once() -> None:
    transactions, first = begun()

    assert transactions.given_up(3.9) == []
    assert transactions.given_up(4.0) == [first]
    assert transactions.given_up(4.1) == []


def test_a_final_answer_ends_it() -> None:
    transactions, first = begun()

    answered = transactions.receive(answer(ASKING, "403 Forbidden"), SERVER, 0.02)

    assert answered is not None
    assert (answered.transaction, answered.answer.code, answered.at) == (first, 403, 0.02)
    assert len(transactions) == 0
    assert not transactions.ignored


def test_that_it_is_being_tried_is_no_answer_and_makes_it_ask_less_often() -> None:
    transactions, _ = begun()

    assert transactions.receive(answer(ASKING, "100 Trying"), SERVER, 0.1) is None
    assert len(transactions) == 1
    assert times_of_retransmissions(transactions) == [0.5]


@pytest.mark.parametrize(
    ("raw", "source", "oddity"),
    [
        (b"garbage", SERVER, Oddity.MALFORMED),
        (answer(asking("z9hG4bKother")), SERVER, Oddity.WRONG_BRANCH),
        (answer(ASKING), Remote(Transport.UDP, "192.0.2.66", 5060), Oddity.WRONG_SOURCE),
        (answer(ASKING), Remote(Transport.UDP, "192.0.2.1", 5061), Oddity.WRONG_SOURCE),
        (answer(ASKING), Remote(Transport.TCP, "192.0.2.1", 5060), Oddity.WRONG_SOURCE),
        (answer(ASKING, CSeq="8 OPTIONS"), SERVER, Oddity.WRONG_CSEQ),
        (answer(ASKING, CSeq="7 INVITE"), SERVER, Oddity.WRONG_CSEQ),
        (answer(ASKING, **{"Call-ID": "another"}), SERVER, Oddity.WRONG_CSEQ),
    ],
)
def test_what_is_forged_is_counted_and_ignored(raw: bytes, source: Remote, oddity: Oddity) -> None:
    transactions, _ = begun()

    assert transactions.receive(raw, source, 0.1) is None

    assert transactions.ignored == {oddity: 1}
    assert transactions.receive(answer(ASKING), SERVER, 0.2) is not None


def test_a_doubled_answer_is_counted_and_ignored() -> None:
    transactions, _ = begun()
    transactions.receive(answer(ASKING), SERVER, 0.1)

    assert transactions.receive(answer(ASKING, "503 Service Unavailable"), SERVER, 0.2) is None
    assert transactions.ignored == {Oddity.DOUBLED: 1}


def test_a_late_answer_is_counted_and_ignored_and_forgotten_after_timer_f() -> None:
    transactions, _ = begun()
    transactions.given_up(4.0)

    assert transactions.receive(answer(ASKING), SERVER, 5.0) is None
    transactions.given_up(36.0)
    assert transactions.receive(answer(ASKING), SERVER, 36.0) is None

    assert transactions.ignored == {Oddity.LATE: 1, Oddity.WRONG_SOURCE: 1}


def test_what_comes_from_where_nothing_went_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    transactions, _ = begun()
    monkeypatch.setattr("healthmon.sip.transactions.read_answer", lambda raw: pytest.fail(f"read: {raw!r}"))

    assert transactions.receive(answer(ASKING), Remote(Transport.UDP, "192.0.2.66", 5060), 0.1) is None

    assert transactions.ignored == {Oddity.WRONG_SOURCE: 1}
