"""Questions to a person at a terminal, or to a file of answers. What breaks off leaves nothing behind."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

import click

from healthmon.errors import ExitCode, HealthmonError


class Unanswered(HealthmonError):
    """The answers ended before all was asked."""

    exit_code = ExitCode.PROBLEM


def ask(question: str, default: str = "", *, may_be_empty: bool = False, is_secret: bool = False) -> str:
    """Ask, and return the answer without the spaces around it; a secret as it is, and not shown while it is typed."""
    is_terminal = sys.stdin.isatty()
    preset: str | None = default
    if not default and not may_be_empty:
        preset = None
    answer = _asked(question, preset, is_hidden=is_secret and is_terminal)
    if not is_terminal:
        # The answer of a file is not seen, and neither is its line end.
        click.echo()
    if is_secret:
        return answer
    return answer.strip()


def _asked(question: str, preset: str | None, *, is_hidden: bool) -> str:
    try:
        return str(click.prompt(question, default=preset, hide_input=is_hidden, show_default=bool(preset)))
    except click.Abort as abort:
        if isinstance(abort.__context__, KeyboardInterrupt):
            click.echo("\nhealthmon: nothing was written", err=True)
            raise KeyboardInterrupt from None
        click.echo()
        raise Unanswered("the answers ended too early; nothing was written") from None


def ask_until(question: str, why_not: Callable[[str], str], default: str = "", *, may_be_empty: bool = False) -> str:
    """Ask until the answer will do. ``why_not`` says what is wrong with it; "": nothing."""
    while True:
        answer = ask(question, default, may_be_empty=may_be_empty)
        wrong = why_not(answer)
        if not wrong:
            return answer
        say_what_is_wrong(wrong, answer)


def say_what_is_wrong(wrong: str, answer: str) -> None:
    """Say what is wrong with an answer. One of a file is not repeated: it may be the secret of another question."""
    if answer and not sys.stdin.isatty():
        wrong = re.sub(rf"(?<!\w){re.escape(answer)}(?!\w)", "…", wrong)
    click.echo(f"    {wrong}")


def confirmed(question: str) -> bool:
    """Ask a question whose answer is no unless somebody says yes."""
    return ask(f"{question} [y/N]", may_be_empty=True).lower() in ("y", "yes")
