"""Whatever a file holds, it gives a Config or a ConfigError; and what configparser reads, we read alike."""

from __future__ import annotations

import configparser

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from healthmon.config.findings import Findings
from healthmon.config.kinds import KINDS
from healthmon.config.loading.ini import read_sections
from healthmon.errors import ConfigError
from tests.config.files import PBX, RECEIVER, WATCH, Files

NAMES = [option.name for kind in KINDS.values() for option in kind.options]
WORDS = st.sampled_from(
    [
        *"[]=;#%:/*?,\\\"'",
        "${X}",
        "${NO}",
        "PJSIP/",
        "http://",
        "tgram://",
        "30s",
        "5",
        "yes",
        "all",
        "\ufeff",
        "\0",
        "\x85",
    ]
)
VALUES = st.lists(st.one_of(WORDS, st.text(max_size=8)), max_size=5).map("".join)
LINES = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(NAMES), VALUES),
    st.builds("   {}".format, VALUES),
    st.builds("[{} {}]".format, st.sampled_from([*KINDS, "x"]), VALUES),
    st.sampled_from([*PBX.splitlines(), *WATCH.splitlines(), *RECEIVER.splitlines(), ""]),
    VALUES,
)
FILES = st.one_of(
    st.binary(max_size=200), st.lists(LINES, max_size=25).map(lambda lines: "\n".join(lines).encode("utf-8", "replace"))
)

RELAXED = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(FILES)
@RELAXED
def test_any_file_gives_a_configuration_or_its_problems(files: Files, raw: bytes) -> None:
    try:
        config = files.load(raw, environ={"X": "x"})
    except ConfigError as error:
        assert error.problems
        assert all(problem.what for problem in error.problems)
    else:
        assert config.pbxs
        assert config.watches


@given(st.sampled_from(NAMES), VALUES)
@RELAXED
def test_any_value_of_any_option_gives_a_configuration_or_its_problems(files: Files, name: str, value: str) -> None:
    text = "\n".join(
        section + (f"{name} = {value}\n" if option else "")
        for section, kind in ((PBX, "pbx"), (WATCH, "watch"), (RECEIVER, "receiver"), ("[healthmon]\n", "healthmon"))
        for option in [KINDS[kind].option(name)]
    )

    try:
        files.load(text.encode("utf-8", "replace"), environ={"X": "x"})
    except ConfigError as error:
        assert error.problems


#: Text without what the two read differently on purpose: we refuse what it lets pass, and show lines.
PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=10).filter(
    lambda text: text[0] not in "#;["
)
#: What [names] calls its lines is a name there alone.
EVERYWHERE = [name for name in NAMES if name.isidentifier()]
ENTRIES = st.dictionaries(st.sampled_from(EVERYWHERE), st.lists(PLAIN, min_size=1, max_size=3), max_size=4)


@given(st.dictionaries(st.sampled_from(["pbx a", "pbx b", "watch x", "healthmon"]), ENTRIES, max_size=4), st.booleans())
def test_a_well_formed_file_is_read_as_configparser_reads_it(
    content: dict[str, dict[str, list[str]]], with_comments: bool
) -> None:
    comment = "# a comment\n  ; another\n" if with_comments else ""
    text = "".join(
        f"[{section}]\n{comment}" + "".join(f"{name} = " + "\n  ".join(lines) + "\n" for name, lines in entries.items())
        for section, entries in content.items()
    )
    theirs = configparser.ConfigParser(interpolation=None, delimiters="=", inline_comment_prefixes=None)
    theirs.read_string(text)

    findings = Findings("config.ini")
    ours = {
        section.header: {name: value.text for name, value in section.values.items()}
        for section in read_sections(text, findings)
    }

    assert ours == {section: dict(theirs[section]) for section in theirs.sections()}
    assert findings.problems == []
