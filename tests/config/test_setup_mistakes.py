"""Mistakes of somebody who sets healthmon up, and what they are met with."""

from __future__ import annotations

import pytest

from healthmon.config.values import may_match
from healthmon.notify.channels.by_scheme import why_refused
from tests.config.files import PBX, RECEIVER, WATCH, Files


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("trunk-*", False),
        ("1??", False),
        ("*", True),
        ("*/101", True),
        ("P*", True),
        ("PJSIP*", True),
        ("PJSIP/1*", True),
        ("[PS]*", True),
        ("pjsip*", False),
    ],
)
def test_a_pattern_without_a_technology_is_a_warning_that_it_matches_nothing(
    files: Files, pattern: str, matches: bool
) -> None:
    text = PBX + RECEIVER + f"[watch phones]\nendpoints = PJSIP/101, {pattern}\n"

    warnings = [warning for warning in files.load(text).warnings if "matches nothing" in warning]

    assert may_match(pattern) is matches
    line = text.splitlines().index(f"endpoints = PJSIP/101, {pattern}") + 1
    expected = (
        f"{files.path}:{line} [watch phones] endpoints: {pattern} matches nothing: an endpoint is written "
        f"technology/name, PJSIP/{pattern}; the next release refuses it"
    )
    assert warnings == ([] if matches else [expected])


def test_secrets_from_variables_are_stripped_like_those_from_files(files: Files) -> None:
    (files.folder / "of-a-file").write_text(" hunter22 \n")
    (files.folder / "of-a-file").chmod(0o600)
    pbx = PBX.replace("password = secret", "password = ${ARI}")
    receiver = "[receiver r]\nurls = json://u:${WEB}@127.0.0.1/\n"

    config = files.load(pbx + WATCH + receiver, environ={"ARI": " hunter22\n", "WEB": "token\r\n"})
    of_file = files.load(PBX.replace("password = secret", "password_file = of-a-file") + WATCH + RECEIVER)

    assert config.pbxs[0].password == of_file.pbxs[0].password == "hunter22"
    assert config.receivers[0].urls[0].url == "json://u:token@127.0.0.1/"


@pytest.mark.parametrize(
    "yaml",
    [
        "version: 1\nurls:\n  - mailto://u:hunter22@example.org\n",
        "# ours\n---\nurls:\n  - json://127.0.0.1:\n     tag: boss\n",
    ],
)
def test_an_apprise_yaml_file_is_named_as_such(files: Files, yaml: str) -> None:
    (files.folder / "more").write_text(yaml)
    (files.folder / "more").chmod(0o600)

    [problem] = files.problems(PBX + WATCH + "[receiver r]\nurls_file = more\n")

    assert problem.endswith("more is a YAML file of apprise; write one URL on each line, as in urls")
    assert "hunter22" not in problem


def test_mistakes_in_urls_file_are_named_with_that_files_line(files: Files) -> None:
    more = files.folder / "more"
    more.write_text("\n# ours\nboss = json://127.0.0.1/a\n\nno url hunter22\nboss = json://127.0.0.1/b\n")
    more.chmod(0o600)

    problems = files.problems(PBX + WATCH + "[receiver r]\nurls_file = more\n")

    assert [problem.replace(f"{files.folder}/", "") for problem in problems] == [
        "more:5 [receiver r] urls_file: this line is no apprise URL; one looks like mailto://… or name = mailto://…",
        "more:6 [receiver r] urls_file: boss: another URL has this name; the first is in line 3",
    ]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        # The user, the password and the words of the path are words of ours, too.
        ("mailto://address:password@mail.example.org/?reply=path", "address 1 in reply= is not an e-mail address"),
        ("mailto://one:line@mail.example.org?to=a@b.example;twice", "several addresses are divided by a comma"),
        (
            "json://user:host@127.0.0.1:9000/port?method=twice&method=option",
            "its option 1 twice, and only one would count",
        ),
    ],
)
def test_check_config_blots_values_only_never_its_own_words_or_the_name_of_an_option(
    files: Files, url: str, said: str
) -> None:
    [problem] = files.problems(PBX + WATCH + f"[receiver r]\nurls = {url}\n", why_refused=why_refused)

    assert said in problem
    assert "***" not in problem
