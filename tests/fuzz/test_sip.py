"""Mutated answers to our own OPTIONS: nothing crashes, and nothing is believed but what a right answer says."""

from __future__ import annotations

import random
import re

import pytest

from healthmon.model import Health
from healthmon.sip.destinations import Remote, Transport
from healthmon.sip.messages import read_answer
from healthmon.sip.transactions import Oddity, Transaction, Transactions
from healthmon.sip.verdicts import verdict_on
from tests.fuzz.attack import attack
from tests.fuzz.harm import mutate
from tests.sip.scene import SERVER, answer, asking

CASES_IN_CI, CASES_IN_SOAK = 5000, 100_000

how_many = pytest.mark.parametrize(
    "cases", [CASES_IN_CI, pytest.param(CASES_IN_SOAK, marks=pytest.mark.soak)], ids=["quick", "soak"]
)

ASKING = asking()
STRANGER = Remote(Transport.UDP, "192.0.2.66", 5060)
RIGHT = [
    answer(ASKING),
    answer(ASKING, "403 Forbidden"),
    answer(ASKING, "100 Trying"),
    answer(ASKING, "503 Service Unavailable", "Retry-After: 120 (busy);duration=60"),
    answer(ASKING).replace(b"Via: SIP/2.0/UDP ", b"v:\r\n SIP / 2.0 / UDP "),
    answer(ASKING, "486 B\u00fcro", "Allow: INVITE, ACK,\r\n OPTIONS", "Server: x"),
]
#: Lines as a hostile server may write them.
LINES = [
    b"Via: SIP/2.0/UDP 192.0.2.10;branch=" + b"a" * 9000,
    b"Via: " + b"SIP/2.0/UDP a,b" * 500,
    b"Via: SIP/2.0/UDP " + b"a-" * 4000,
    b"Via: SIP/2.0/UDP " + b"a.b-" * 3000 + b"!",
    b"CSeq: " + b"9" * 9000 + b" OPTIONS",
    b"CSeq: -1 OPTIONS",
    b"CSeq: 7  OPTIONS",
    b"Retry-After: " + b"9" * 9000,
    b"Retry-After: (" + b"(" * 9000,
    b": ",
    b"\x00: \x00",
    b"X:" + b"\r\n " * 4000,
]


def harmed(raw: bytes, dice: random.Random) -> bytes:
    """Do some harm to an answer: to its bytes, to its lines, or to one of its words."""
    lines = raw.split(b"\r\n")
    kind = dice.randrange(5)
    if kind == 0:
        lines.insert(dice.randrange(len(lines)), dice.choice(LINES))
    elif kind == 1:
        lines[dice.randrange(len(lines))] = dice.choice(LINES)
    elif kind == 2:
        dice.shuffle(lines)
    elif kind == 3:
        return re.sub(rb"[0-9]+", lambda found: dice.choice([found[0], b"0", b"-1", b"4294967296"]), raw)
    else:
        return mutate(raw, dice)
    return b"\r\n".join(lines)


def attack_answers(cases: int) -> None:
    def case(dice: random.Random) -> None:
        transactions = Transactions()
        asked = Transaction(ASKING, SERVER, b"", 0.0, 4.0)
        transactions.begin(asked)
        raw = harmed(dice.choice(RIGHT), dice)
        source = dice.choice([SERVER, SERVER, STRANGER])
        if dice.randrange(5) == 0:
            # It comes late, whatever it is.
            transactions.given_up(asked.given_up_at)
            assert transactions.receive(raw, source, 5.0) is None
            assert transactions.ignored.total() == 1
            return

        answered = transactions.receive(raw, source, 0.1)

        if answered is None:
            # It was counted, or it was provisional; the transaction goes on in both cases.
            assert transactions.ignored.total() + asked.is_proceeding == 1
            assert transactions.receive(answer(ASKING), SERVER, 0.2) is not None
            return
        # Whatever else was harmed: it is of this transaction, and says what its first line says.
        assert source == SERVER
        said = answered.answer
        assert (said.branch, said.call_id, said.cseq, said.method) == (
            ASKING.branch,
            ASKING.call_id,
            ASKING.cseq,
            "OPTIONS",
        )
        first_line = re.match(rb"SIP/2\.0 ([2-6]\d\d) ", raw)
        assert first_line is not None
        assert said.code == int(first_line[1])
        assert said.retry_after is None or 0 <= said.retry_after < 1e9
        assert verdict_on(said.code).health in (Health.UP, Health.DEGRADED)
        # The same once more is doubled.
        assert transactions.receive(raw, source, 0.2) is None
        assert transactions.ignored == {Oddity.DOUBLED: 1}

    attack(case, cases)


@how_many
def test_mutated_answers_crash_nothing_and_say_nothing_but_what_they_say(cases: int) -> None:
    attack_answers(cases)


@how_many
def test_bytes_that_are_no_sip_at_all_are_no_answer(cases: int) -> None:
    def case(dice: random.Random) -> None:
        beginning = dice.choice([b"", b"SIP/2.0 ", b"SIP/2.0 200 OK\r\n", b"SIP/2.0 200 OK\r\nVia: "])
        raw = beginning + dice.randbytes(dice.randint(0, 300))
        read = read_answer(raw)
        assert read is None or read.branch != ASKING.branch

    attack(case, cases)
