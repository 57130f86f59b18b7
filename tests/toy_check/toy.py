"""A whole check that nobody needs: does the display of a phone show anything? This is all the code that it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from healthmon.model import (
    Channel,
    Check,
    EndpointCheckKind,
    Health,
    Means,
    Observation,
    Question,
    Source,
    Target,
    Testimony,
    Witness,
)

DISPLAY = "display"

#: Who may speak of it, what the words mean, who can answer a question, and what explains it.
DISPLAY_CHECK = EndpointCheckKind(
    DISPLAY,
    (
        Testimony(
            Witness.PROBE,
            (Source.ANSWER,),
            "our look at the display",
            {Health.UP: Means.UP, Health.DOWN: Means.DOWN},
            "nobody else can see it",
            confirms=True,
        ),
    ),
    asked_by=Channel.PROBES,
    inhibited_by=(Check.REACHABILITY,),
)


class DisplayProbe:
    """Looks at displays when it is asked to, as a source does."""

    def __init__(self, offer: Callable[[Observation], None], now: Callable[[], float]) -> None:
        self._offer = offer
        self._now = now
        self.dark: set[Target] = set()

    def ask(self, question: Question) -> None:
        """Look at these again."""
        for target in question.targets:
            self.look(target)

    def learn(self, targets: Sequence[Target]) -> None:
        """There is nothing to be learnt."""

    def look(self, target: Target) -> None:
        """Offer what is seen."""
        health, words = (
            (Health.DOWN, "the display is dark") if target in self.dark else (Health.UP, "it shows the time")
        )
        self._offer(Observation(target, health, self._now(), Source.ANSWER, Witness.PROBE, words, check=DISPLAY))
