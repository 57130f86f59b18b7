"""[public NAME] lists what there is under names that were chosen; whatever is wrong with it is said in a sentence."""

from __future__ import annotations

import pytest

from healthmon.config.describe import describe
from healthmon.config.sections.public import ListedLine
from healthmon.errors import ConfigError
from tests.config.files import PBX, RECEIVER, WATCH, Files

BASE = f"{PBX}{WATCH}{RECEIVER}[site warehouse]\naddresses = 203.0.113.7\n[web]\nlisten = 127.0.0.1:8089\n"


def page(show: str, more: str = "", name: str = "status") -> str:
    """A configuration with a page that shows this."""
    return f"{BASE}[public {name}]\ntitle = Lines\n{more}show =\n" + "".join(
        f"    {line}\n" for line in show.split("|")
    )


def test_a_line_is_what_is_shown_and_its_name(files: Files) -> None:
    show = "PJSIP/a, office:PJSIP/1* = One = two, three|pbx office = System|site warehouse, site 10.0.0.0/24 = There"

    [public] = files.load(page(show, "language = ru\ndays = 7\n")).public

    assert public.show == (
        ListedLine("One = two, three", endpoints=("PJSIP/a", "office:PJSIP/1*")),
        ListedLine("System", pbxs=("office",)),
        ListedLine("There", sites=("warehouse", "10.0.0.0/24")),
    )
    assert (public.title, public.about, public.days, public.language) == ("Lines", "", 7, "ru")


def test_it_speaks_the_language_of_the_configuration_where_it_has_none_of_its_own(files: Files) -> None:
    [public] = files.load(f"[healthmon]\nlanguage = ru\n{page('PJSIP/a = A')}").public

    assert public.language == "ru"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f"{BASE}[public status]\ntitle = Lines\n", "show: is missing"),
        (f"{BASE}[public status]\ntitle = Lines\nshow =\n", "show: is empty; give it a value"),
        (page("PJSIP/trunk"), "PJSIP/trunk: each line is what is shown and the name that strangers read"),
        (page("PJSIP/trunk ="), "each line is what is shown and the name that strangers read"),
        (page("= Telekom"), "nothing stands before the ="),
        (page(", = Telekom"), "names nothing"),
        (page("trunk = Telekom"), "did you mean PJSIP/trunk?"),
        (page("pbx = System"), "which pbx?"),
        (page("pbx ofice = System"), "ofice: there is no such .pbx …. section; did you mean office?"),
        (page("ofice:PJSIP/a = System"), "ofice: there is no such .pbx …. section; did you mean office?"),
        (page("watch phnes = Phones"), "phnes: there is no such .watch …. section"),
        (page("site warehose = Phones"), "and it is no address and no network; did you mean warehouse?"),
        (page("PJSIP/a = A|PJSIP/b = A"), "A: two lines have this name"),
        (page(f"PJSIP/a = {'A' * 101}"), "a name has 100 characters at most"),
        (page("PJSIP/a = A", name="our lines"), "the name stands in the address of the page"),
        (page("PJSIP/a = A", "days = 91\n"), "must be a whole number between 1 and 90"),
    ],
)
def test_what_is_wrong_is_one_sentence(text: str, why: str, files: Files) -> None:
    with pytest.raises(ConfigError) as caught:
        files.load(text)

    [problem] = caught.value.problems
    assert why.replace(".", "") in str(problem).replace(".", "").replace("[", "").replace("]", "")


def test_what_will_never_be_known_and_what_nobody_answers_is_warned_of(files: Files) -> None:
    text = page("PJSIP/a = A|site warehouse = B").replace(WATCH, "[watch phones]\nendpoints = PJSIP/1*\n")

    warnings = files.load(text.replace("listen = 127.0.0.1:8089", "")).warnings

    assert any("PJSIP/a: no [watch …] section takes it" in line for line in warnings)
    assert any("nobody is answered: [web] has no listen" in line for line in warnings)


def test_check_config_says_what_stands_behind_each_name(files: Files) -> None:
    lines = describe(files.load(page("PJSIP/a, PJSIP/b = Telekom|site warehouse = There")))

    assert lines[-4:] == [
        "public status: /public/status is shown to everybody: Lines",
        "    30 days, in en",
        "    Telekom: PJSIP/a, PJSIP/b",
        "    There: site warehouse",
    ]
