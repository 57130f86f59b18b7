"""Every problem has one sentence, with its line; all problems of a file are told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthmon.config.loading.ini import why_unreadable
from healthmon.config.loading.load import load
from healthmon.errors import ConfigError, ExitCode
from tests.config.files import PBX, RECEIVER, WATCH, Files, pbx

GOOD = PBX + WATCH + RECEIVER

#: A file with one thing wrong -> the sentence about it, in lines 1 to 4 [pbx office], 5 and 6 [watch phones], then
#: [receiver oncall]; what is added to a section stands behind it.
FORM = {
    "junk\n" + GOOD: "config.ini:1: this line stands before the first section; the file begins with a line like"
    " [healthmon]",
    "url = x\nmore = y\n" + GOOD: "config.ini:1: this line stands before the first section; the file begins with a"
    " line like [healthmon]",
    GOOD + "[healthmon\n": "config.ini:9: this section header has no closing ]",
    GOOD + "[healthmon] ; mine\n": "config.ini:9 [healthmon]: there is text after the ]; a comment stands on a line of"
    " its own",
    GOOD + PBX: "config.ini:9 [pbx office]: this section stands in the file twice; the first is in line 1",
    PBX + "url = http://x\n" + WATCH: "config.ini:5 [pbx office] url: this option stands in the section twice; the"
    " first is in line 2",
    PBX + "verify_tls: no\n" + WATCH: "config.ini:5 [pbx office]: a value is written after =, not after a colon:"
    " verify_tls = …",
    PBX + "tgram://hunter22/1\n" + WATCH: "config.ini:5 [pbx office]: this line is no option (name = value); if it"
    " belongs to the option above, indent it",
    PBX + "= x\n" + WATCH: "config.ini:5 [pbx office]: this line is no option (name = value); if it belongs to the"
    " option above, indent it",
    PBX + "poll_every = 5s\n  down_after = 5s\n" + WATCH: "config.ini:6 [pbx office] poll_every: this line is"
    " indented, so it continues poll_every; begin it at the margin",
    GOOD.replace("phones", "ph\0nes"): "config.ini:5: holds a NUL byte; is this a text file?",
}

SECTIONS = {
    GOOD + "[pbxx berlin]\n": "config.ini:9 [pbxx berlin]: unknown section; the sections are [healthmon], [history],"
    " [pbx NAME], [watch NAME], [receiver NAME], [maintenance NAME], [site NAME], [names], [schedule NAME], [web],"
    " [user NAME], [token NAME], [public NAME];"
    " did you mean [pbx berlin]?",
    GOOD + "[DEFAULT]\n": "config.ini:9 [DEFAULT]: unknown section; the sections are [healthmon], [history],"
    " [pbx NAME], [watch NAME], [receiver NAME], [maintenance NAME], [site NAME], [names], [schedule NAME], [web],"
    " [user NAME], [token NAME], [public NAME]",
    GOOD + "[healthmon two]\n": "config.ini:9 [healthmon two]: there is only one such section, [healthmon]",
    GOOD + "[watch]\nendpoints = IAX2/*\n": "config.ini:9 [watch]: this section needs a name: [watch NAME]",
    GOOD + "[watch a/b]\nendpoints = IAX2/*\n": "config.ini:9 [watch a/b]: a name is made of up to 64 letters, digits,"
    " spaces and . + - _, and begins with a letter or digit",
    GOOD + "[receiver all]\nurls = json://h\n": "config.ini:9 [receiver all]: all has a meaning of its own; choose"
    " another name",
    WATCH: "config.ini: there is no [pbx NAME] section: no PBX to look at",
    PBX: "config.ini: there is no [watch NAME] section: no endpoints to watch",
    PBX + WATCH + "zzz = 5s\n": "config.ini:7 [watch phones] zzz: unknown option",
    PBX + WATCH + "doun_after = 5s\n": "config.ini:7 [watch phones] doun_after: unknown option; did you mean"
    " down_after?",
    PBX + WATCH + "poll_every = 5s\n": "config.ini:7 [watch phones] poll_every: unknown option; it belongs in"
    " [pbx NAME]",
    GOOD + "boss = json://h\n": "config.ini:9 [receiver oncall] boss: unknown option; a line of urls is indented",
    PBX
    + WATCH
    + "[healthmon]\nkeep_history = 9d\n[history]\ntransitions = 8d\n": "config.ini:10 [history] transitions:"
    " keep_history of [healthmon] is its older name; take that line away",
    PBX + WATCH + "kind =\n": "config.ini:7 [watch phones] kind: is empty; without this line it is auto",
    PBX + "[watch w]\nendpoints =\n": "config.ini:6 [watch w] endpoints: is empty; give it a value",
    PBX + "[watch w]\n": "config.ini:5 [watch w] endpoints: is missing",
}

VALUES = {
    PBX + WATCH + "up_after = 30\n": "config.ini:7 [watch phones] up_after: 30: say which unit, 30s or 30m",
    PBX + WATCH + "up_after = soon\n": "config.ini:7 [watch phones] up_after: soon: a duration is one number and its"
    " unit, like 500ms, 30s, 5m, 2h, 7d or 1y",
    PBX + WATCH + "up_after = 1h30m\n": "config.ini:7 [watch phones] up_after: 1h30m: a duration is one number and its"
    " unit, like 500ms, 30s, 5m, 2h, 7d or 1y",
    PBX + WATCH + "up_after = 2 weeks\n": "config.ini:7 [watch phones] up_after: 2 weeks: weeks is no unit; the units"
    " are ms, s, m, h, d and y",
    PBX + WATCH + "down_after = 0s\n": "config.ini:7 [watch phones] down_after: 0s: must be between 1s and 7d",
    PBX + WATCH + "flap_start = six\n": "config.ini:7 [watch phones] flap_start: six: must be a whole number between 2"
    " and 1000",
    PBX + WATCH + "flap_stop = 6\n": "config.ini:7 [watch phones] flap_stop: 6: must be less than flap_start, 6",
    PBX + WATCH + "kind = fone\n": "config.ini:7 [watch phones] kind: fone: must be one of auto, provider,"
    " phone, softphone, mobile, ata, gateway; did"
    " you mean phone?",
    PBX + WATCH + "down_after_exact = maybe\n": "config.ini:7 [watch phones] down_after_exact: maybe: must be yes or"
    " no",
    PBX + WATCH + "counts = options\n": "config.ini:7 [watch phones] counts: options: reachability must be among "
    "them: what is not reachable is not available",
    PBX + WATCH + "counts = reachability, calls\n": "config.ini:7 [watch phones] counts: calls: must be one of "
    "reachability, contacts, options, registration",
    PBX + WATCH + "alert_on = degraded\n": "config.ini:7 [watch phones] alert_on: degraded: must be down, or down,"
    " degraded",
    GOOD + "[healthmon]\ntimezone = Europe/Berln\n": "config.ini:10 [healthmon] timezone: Europe/Berln: this system"
    " knows no such time zone; did you mean Europe/Berlin?",
    # Not "did you mean MST?": that is Phoenix.
    GOOD + "[healthmon]\ntimezone = PST\n": "config.ini:10 [healthmon] timezone: PST: this system knows no such time"
    " zone; a zone is a region and a city, such as Europe/Berlin",
    GOOD + "[healthmon]\ntimezone = berlin\n": "config.ini:10 [healthmon] timezone: berlin: this system knows no such"
    " time zone; did you mean Europe/Berlin?",
    GOOD + "[healthmon]\nlog_level = inof\n": "config.ini:10 [healthmon] log_level: inof: must be one of debug, info,"
    " warning, error; did you mean info?",
    GOOD + "[healthmon]\ndatabase = ${HOME}/x\n": "config.ini:10 [healthmon] database: ${…} is filled in only in"
    " password, urls, heartbeat_url and the options that end in _file",
    PBX + "application = a,b\n" + WATCH: "config.ini:5 [pbx office] application: a,b: up to 64 letters, digits, dots,"
    " - and _ without spaces",
    pbx("username = healthmon:hunter22")
    + WATCH: "config.ini:4 [pbx office] username: holds a colon; an ARI user's name"
    " cannot, and the password has an option of its own",
    pbx("verify_tls = maybe") + WATCH: "config.ini:5 [pbx office] verify_tls: maybe: must be yes, no or a CA file:"
    " there is no such file",
    pbx("verify_tls = .") + WATCH: "config.ini:5 [pbx office] verify_tls: .: must be yes, no or a CA file: this is a"
    " directory",
    pbx("verify_tls = config.ini") + WATCH: "config.ini:5 [pbx office] verify_tls: config.ini: must be yes, no or a CA"
    " file: it holds no certificate (PEM)",
}

PBX_URLS = {
    "http://healthmon:hunter22@pbx": "holds a user or a password; these have options of their own",
    "http://pbx/?api_key=x:hunter22": "ends with ? or #; only a path may follow the host",
    "ws://pbx/ari": "ws://pbx/ari: write http:// or https://; the WebSocket is opened from there",
    "pbx:8088": "pbx:8088: must begin with http:// or https://; did you mean http://pbx:8088?",
    "http://pbx:0": "http://pbx:0: there is no port 0; it looks like http://127.0.0.1:8088",
    "http://a..b": "http://a..b: a name has no two dots in a row, and begins with none; it looks like http://127.0.0.1:8088",
    "ftp://pbx": "ftp://pbx: must begin with http:// or https://",
    "http:pbx": "http:pbx: must begin with http:// or https://",
    "http://": "http://: this is no URL; it looks like http://127.0.0.1:8088",
    "http://pbx:port": "this is no URL; it looks like http://127.0.0.1:8088",
    "http://[::1": "this is no URL; it looks like http://127.0.0.1:8088",
    "http://my pbx": "http://my pbx: this is no URL; it looks like http://127.0.0.1:8088",
}

PATTERNS = {
    "101": "101: matches nothing: an endpoint is written technology/name; did you mean PJSIP/101?",
    "pjsip/1*": "pjsip/1*: matches nothing: Asterisk has no technology pjsip; did you mean PJSIP/1*?",
    "/101": "/101: matches nothing: Asterisk has no technology (empty)",
    "PJSIP/": "PJSIP/: matches nothing: there is no name after the /; did you mean PJSIP/*?",
    "PJSIP/a PJSIP/b": "PJSIP/a PJSIP/b: patterns are divided by commas, not by spaces",
}

TOGETHER = {
    PBX + WATCH + "receivers = oncal\n" + RECEIVER: "config.ini:7 [watch phones] receivers: oncal: there is no"
    " [receiver oncal]; did you mean oncall?",
    PBX + "receivers = boss\n" + WATCH + RECEIVER: "config.ini:5 [pbx office] receivers: boss: there is no"
    " [receiver boss]",
    PBX + WATCH + "receivers = nobody, oncall\n" + RECEIVER: "config.ini:7 [watch phones] receivers: nobody stands"
    " alone, without other names",
    PBX + WATCH + "pbx = offcie\n": "config.ini:7 [watch phones] pbx: offcie: matches no [pbx …] section; did you mean"
    " office?",
    PBX + WATCH + "exclude = *\n": "config.ini:7 [watch phones] exclude: leaves nothing of endpoints",
    PBX + WATCH + "[watch more]\nendpoints = PJSIP/1*\n": "config.ini:8 [watch more] endpoints: is never reached:"
    " [watch phones] above it takes all of these endpoints",
    PBX + PBX.replace("office", "other"): "config.ini:6 [pbx other] url: [pbx office] has the same url and the same"
    " application, healthmon-pbx1",
    PBX + PBX.replace("office", "other").replace("8088", "8088/ari/"): "config.ini:6 [pbx other] url: [pbx office] has"
    " the same url and the same application, healthmon-pbx1",
    pbx("url = http://pbx/") + pbx("url = HTTP://PBX:80", name="b"): "config.ini:8 [pbx b] url: [pbx office] has the"
    " same url and the same application, healthmon-pbx1",
}


@pytest.mark.parametrize(("text", "sentence"), [*FORM.items(), *SECTIONS.items(), *VALUES.items(), *TOGETHER.items()])
def test_a_problem_says_where_it_is_and_what_is_wrong(files: Files, text: str, sentence: str) -> None:
    assert sentence in files.problems(text)


@pytest.mark.parametrize(("url", "sentence"), PBX_URLS.items())
def test_a_pbx_url_that_cannot_work_is_explained_without_its_secrets(files: Files, url: str, sentence: str) -> None:
    assert files.problems(pbx(f"url = {url}") + WATCH) == [f"config.ini:4 [pbx office] url: {sentence}"]


@pytest.mark.parametrize(("pattern", "sentence"), PATTERNS.items())
def test_a_pattern_that_cannot_match_is_a_problem(files: Files, pattern: str, sentence: str) -> None:
    text = PBX + f"[watch w]\nendpoints = PJSIP/1, {pattern}\n"

    assert files.problems(text) == [f"config.ini:6 [watch w] endpoints: {sentence}"]


def test_all_problems_are_told_at_once_in_the_order_of_the_file(files: Files) -> None:
    text = (
        "[healthmon]\nlog_levl = info\n"
        "[pbx a]\nurl = x\npoll_every = 5\n"
        "[watch w]\nendpoints = 1, 2\nreceivers = c\n"
        "[receiver b]\n"
    )

    assert files.problems(text) == [
        "config.ini:2 [healthmon] log_levl: unknown option; did you mean log_level?",
        "config.ini:3 [pbx a] password: is missing; give password or password_file",
        "config.ini:3 [pbx a] username: is missing",
        "config.ini:4 [pbx a] url: x: must begin with http:// or https://; did you mean http://x?",
        "config.ini:5 [pbx a] poll_every: 5: say which unit, 5s or 5m",
        "config.ini:7 [watch w] endpoints: 1: matches nothing: an endpoint is written technology/name; did you mean"
        " PJSIP/1?",
        "config.ini:7 [watch w] endpoints: 2: matches nothing: an endpoint is written technology/name; did you mean"
        " PJSIP/2?",
        "config.ini:8 [watch w] receivers: c: there is no [receiver c]",
        "config.ini:9 [receiver b] urls: is missing; give at least one URL",
    ]


def test_a_problem_of_a_section_causes_no_second_one_where_it_is_named(files: Files) -> None:
    text = pbx("poll_every = 5") + WATCH + "pbx = office\nreceivers = oncall\n[receiver oncall]\nurls = nonsense\n"

    assert len(files.problems(text)) == 2


def test_a_problem_ends_the_command_with_the_code_for_configurations() -> None:
    assert ConfigError([]).exit_code == ExitCode.CONFIG == 78


@pytest.mark.parametrize(
    "text",
    [
        PBX + "[watch a]\nendpoints = PJSIP/*\nexclude = PJSIP/9\n[watch b]\nendpoints = PJSIP/9\n",
        PBX + pbx(name="b") + "[watch a]\nendpoints = *\npbx = office\n[watch b]\nendpoints = PJSIP/9\n",
        PBX + "[watch a]\nendpoints = PJSIP/1?\n[watch b]\nendpoints = PJSIP/1*\n",
        PBX + "[watch a]\nendpoints = PJSIP/1*\n[watch b]\nendpoints = PJSIP/1*, PJSIP/2\n",
    ],
)
def test_a_watch_that_can_be_reached_is_no_problem(files: Files, text: str) -> None:
    assert len(files.load(text).watches) == 2


def test_two_watches_together_can_hide_a_third(files: Files) -> None:
    text = PBX + "[watch a]\nendpoints = PJSIP/*\n[watch b]\nendpoints = IAX2/*\n[watch c]\nendpoints = PJSIP/1, IAX2/1"

    assert files.problems(text) == [
        "config.ini:10 [watch c] endpoints: is never reached: [watch a] and [watch b] above it take all of these"
        " endpoints"
    ]


def test_the_same_url_with_another_application_is_allowed(files: Files) -> None:
    text = pbx("url = http://pbx") + pbx("url = http://pbx", "application = second", name="b") + WATCH

    assert len(files.load(text).pbxs) == 2


def test_bytes_that_are_not_utf8_are_told_with_their_line_and_the_rest_is_read(files: Files) -> None:
    assert files.problems(GOOD.encode() + b"[healthmon]\n# m\xfcller\nlog_level = x\n") == [
        "config.ini:10: holds bytes that are not UTF-8; save the file as UTF-8",
        "config.ini:11 [healthmon] log_level: x: must be one of debug, info, warning, error",
    ]


def _sentence(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path)
    return str(caught.value)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    assert _sentence(tmp_path / "none.ini") == f"{tmp_path}/none.ini: cannot be read: there is no such file"
    assert _sentence(tmp_path) == f"{tmp_path}: cannot be read: this is a directory"
    assert _sentence(Path("a\0b")) == "a\0b: cannot be read: this is not the name of a file"
    assert _sentence(Path("/dev/zero")) == "/dev/zero: is longer than 1 MB; is this the right file?"


def test_a_file_without_permission_or_on_a_broken_disk_is_explained() -> None:
    assert why_unreadable(PermissionError(13, "Permission denied")) == "this user has no permission"
    assert why_unreadable(OSError(5, "Input/output error")) == "Input/output error"
