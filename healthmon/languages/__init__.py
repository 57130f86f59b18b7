"""The languages of messages: one file each, beside this one. ``ru.py`` is the example to copy for another.

The English sentence is the key, so the code reads as the message does; a language file holds the same sentences in its
own words, each with the same names in braces. What bends with a number or a gender has forms. A sentence that is
missing is said in English; a test names it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, cached_property
from importlib import import_module
from pkgutil import iter_modules

from msgspec import Struct, field

#: The languages that there are, by their codes: ``en``, ``ru`` …
CODES = tuple(sorted(module.name for module in iter_modules(__path__)))


class Noun(Struct, frozen=True):
    """What a thing is called: one form for each plural form of the language, and its gender (an index of ours)."""

    forms: tuple[str, ...]
    gender: int = 0
    #: The same forms behind "registration of …"; empty: they are as the others.
    genitives: tuple[str, ...] = ()


#: The parts of a saying that are sayings themselves.
RETOLD = {"why", "also", "reason", "state"}
_LENGTH = re.compile(r"\b([0-9]+) (days|day|h|min|s)\b")

#: No language has more plural forms.
_MOST_FORMS = 6


class Language(Struct, frozen=True, dict=True):
    """One language. Any thread may use it."""

    code: str
    #: Which form a number takes: 0 for one thing, 1 and higher for more.
    plural: Callable[[int], int]
    #: How "37 of 40 phones" is said: ``{down}``, ``{of}``, and the noun as each of them bends it, ``{nouns_down}`` or
    #: ``{nouns_of}``.
    share: str
    #: By the words in ``Kind``, the names of an endpoint's checks, and a few more.
    nouns: Mapping[str, Noun]
    #: The words that a message begins with: one form, or one for each gender and, last, one for several things.
    states: Mapping[str, tuple[str, ...]]
    #: Monday first; January first. As short as they are written in a date.
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    #: English sentence -> the same in this language.
    texts: Mapping[str, str] = field(default_factory=dict)
    #: What other parts of healthmon say in English (causes, endings) -> the same in this language. Names in braces
    #: stand for what is different each time.
    sayings: Mapping[str, str] = field(default_factory=dict)

    def text(self, english: str, **values: object) -> str:
        """Say a sentence; ``values`` replace the names in braces."""
        return self.texts.get(english, english).format(**values)

    def noun(self, thing: str, number: int = 1) -> str:
        """Name a thing, in the form that this number of them takes."""
        return self._noun(thing).forms[self.plural(number)]

    def noun_of(self, thing: str, number: int = 1) -> str:
        """Name a thing to which something belongs: ``registration of`` which ``provider``."""
        noun = self._noun(thing)
        return (noun.genitives or noun.forms)[self.plural(number)]

    def _noun(self, thing: str) -> Noun:
        """What is not called anything in this language, as a check may be, goes by its own name."""
        return self.nouns.get(thing) or Noun((thing,) * _MOST_FORMS)

    def counted(self, number: int, thing: str) -> str:
        """Say ``3 phones``."""
        return f"{number} {self.noun(thing, number)}"

    def shared(self, down: int, of: int, thing: str) -> str:
        """Say ``37 of 40 phones``."""
        return self.share.format(down=down, of=of, nouns_down=self.noun(thing, down), nouns_of=self.noun(thing, of))

    def state(self, state: str, thing: str, number: int = 1) -> str:
        """Say the state of so many things, as the language bends it."""
        forms = self.states[state]
        if len(forms) == 1:
            return forms[0]
        return forms[self._noun(thing).gender if self.plural(number) == 0 else -1]

    def retold(self, saying: str) -> str:
        """Say what another part of healthmon said in English; what is not known stays as it is.

        A part that is called as one of ``RETOLD`` is itself such a saying, and ``lasted`` is a duration.
        """
        known = self.sayings.get(saying)
        if known is not None:
            return known
        for pattern, words in self._patterns:
            if match := pattern.fullmatch(saying):
                parts = match.groupdict()
                for name in RETOLD & parts.keys():
                    parts[name] = self.retold(parts[name])
                if "lasted" in parts:
                    parts["lasted"] = self._duration_retold(parts["lasted"])
                return words.format(**parts)
        return saying

    def _duration_retold(self, lasted: str) -> str:
        """Say a duration as messages do: ``3 days 4 h``, also with how much of it nobody saw."""
        known = re.fullmatch(r"(.+) \((.+) of it not seen\)", lasted)
        if known is not None:
            whole, unseen = map(self._duration_retold, known.groups())
            return self.text("{whole} ({duration} of it not seen)", whole=whole, duration=unseen)
        return _LENGTH.sub(lambda length: self._length(int(length[1]), length[2]), lasted)

    def _length(self, number: int, unit: str) -> str:
        if unit in ("day", "days"):
            return self.counted(number, "day")
        return self.text(f"{{n}} {unit}", n=number)

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """The sayings with names in braces, as patterns."""
        patterns = []
        for saying, words in self.sayings.items():
            if "{" in saying:
                # "lists {listed} of {known}" has a group for each name.
                grouped = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(saying))
                patterns.append((re.compile(grouped, re.S), words))
        return patterns


@cache
def language(code: str) -> Language:
    """The language of this code, one of ``CODES``."""
    found: Language = import_module(f"{__name__}.{code}").LANGUAGE
    return found
