"""``healthmon init``: the answers are tried, and the file is written whole or not at all."""

from __future__ import annotations

import base64
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from healthmon.cli.main import cli
from healthmon.config.loading.load import load
from healthmon.demo.fakepbx.endpoints import FakeEndpoint
from healthmon.demo.fakepbx.http import Answer, Request
from healthmon.demo.fakepbx.pbx import FakePbx, Phase
from healthmon.errors import ExitCode
from healthmon.notify.channels.by_scheme import why_refused
from tests.ami.played import PlayedManager
from tests.sinks import WebhookSink
from tests.waiting import wait_for

Init = Callable[..., Result]
PASSWORD = "a-long-secret"
ENDPOINTS = (
    FakeEndpoint("PJSIP", "trunk-telekom", static_contact="sip:sip.example.net", outbound_auth="telekom"),
    FakeEndpoint("PJSIP", "101"),
    FakeEndpoint("PJSIP", "102", qualify_frequency=0),
)


@pytest.fixture
def pbx() -> Iterator[FakePbx]:
    with FakePbx(*ENDPOINTS, password=PASSWORD) as fake:
        yield fake


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    with WebhookSink() as webhook:
        yield webhook


@pytest.fixture
def init(tmp_path: Path) -> Init:
    """Run ``healthmon init`` with one answer on each line."""

    def run(*answers: str, arguments: tuple[str, ...] = ()) -> Result:
        typed = "".join(f"{answer}\n" for answer in answers)
        command = ["-c", str(tmp_path / "config.ini"), "init", *arguments]
        return CliRunner().invoke(cli, command, input=typed, catch_exceptions=False)

    return run


def test_asterisk_that_boots_a_moment_later_is_waited_for(
    init: Init, pbx: FakePbx, sink: WebhookSink, tmp_path: Path
) -> None:
    pbx.go_to(Phase.BOOTING)
    boots = Thread(target=boot_when_asked, args=(pbx,))
    boots.start()

    done = init(pbx.url, "healthmon", PASSWORD, "", f"json://127.0.0.1:{sink.port}/")

    boots.join()
    assert done.exit_code == 0
    assert "It could not be looked at" not in done.stdout


def boot_when_asked(pbx: FakePbx) -> None:
    """End the start of Asterisk when it was asked."""
    pbx.requests.clear()
    wait_for(lambda: bool(pbx.requests))
    pbx.go_to(Phase.RUNNING)


def left_behind(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_from_nothing_to_a_configuration_that_works(
    init: Init, pbx: FakePbx, sink: WebhookSink, tmp_path: Path
) -> None:
    result = init(pbx.url, "healthmon", PASSWORD, "", sink.url)

    assert result.exit_code == 0, result.output
    assert "Asterisk 22.10.1-fake answers; 3 endpoints" in result.stdout
    assert "1 provider: PJSIP/trunk-telekom" in result.stdout
    assert "not checked by Asterisk: PJSIP/102; healthmon doctor says" in result.stdout
    assert "delivered" in result.stdout
    # What was typed, the runner of these tests shows once; nothing else does.
    assert result.stdout.count("a-long-secret") == 1
    assert left_behind(tmp_path) == ["config.ini"]
    assert stat.S_IMODE((tmp_path / "config.ini").stat().st_mode) == 0o600

    config = load(tmp_path / "config.ini", why_refused=why_refused)
    assert config.warnings == ()
    assert [(watch.name, watch.endpoints) for watch in config.watches] == [
        ("providers", ("PJSIP/trunk-telekom",)),
        ("phones", ("PJSIP/*",)),
    ]
    assert (config.pbxs[0].url, config.pbxs[0].password, config.pbxs[0].ami) == (pbx.url, PASSWORD, "")
    assert config.database == tmp_path / "healthmon.db"
    assert len(sink.messages) == 1


def test_each_section_of_the_file_says_what_it_is(init: Init, pbx: FakePbx, sink: WebhookSink, tmp_path: Path) -> None:
    init(pbx.url, "healthmon", PASSWORD, "", sink.url)

    lines = (tmp_path / "config.ini").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if line.startswith("[") and line != "[healthmon]":
            assert lines[number - 1].startswith("# "), line


@pytest.mark.parametrize("endpoints", [ENDPOINTS[:1], ()], ids=["only a provider", "nothing"])
def test_phones_that_come_later_are_watched_as_phones(
    init: Init, sink: WebhookSink, tmp_path: Path, endpoints: tuple[FakeEndpoint, ...]
) -> None:
    with FakePbx(*endpoints, password=PASSWORD) as pbx:
        said = init(pbx.url, "healthmon", PASSWORD, "", sink.url).stdout

    [*_, phones] = load(tmp_path / "config.ini").watches
    assert (phones.name, phones.endpoints, phones.hold.down_after) == ("phones", ("PJSIP/*",), 180.0)
    assert "# Phones, and whatever else comes later." in (tmp_path / "config.ini").read_text(encoding="utf-8")
    assert ("Asterisk lists no endpoints" in said) is (not endpoints)


def test_a_password_that_is_refused_says_what_to_write_where_and_asks_again(
    init: Init, pbx: FakePbx, sink: WebhookSink, tmp_path: Path
) -> None:
    result = init(pbx.url, "healthmon", "wrong-password", "", "", PASSWORD, "", sink.url)

    assert result.exit_code == 0, result.output
    assert "In ari.conf:" in result.stdout
    assert "Settings > Asterisk REST Interface Users > Add User" in result.stdout
    assert result.stdout.count("wrong-password") == 1
    assert load(tmp_path / "config.ini").pbxs[0].password == PASSWORD


def test_where_nothing_listens_it_says_how_ari_is_switched_on(init: Init, tmp_path: Path) -> None:
    result = init("http://127.0.0.1:9")

    assert "In http.conf:" in result.stdout
    assert "bindport = 9" in result.stdout
    assert "FreePBX: Settings > Advanced Settings" in " ".join(result.stdout.split())
    assert result.exit_code == ExitCode.PROBLEM
    assert "the answers ended too early; nothing was written" in result.stderr
    assert left_behind(tmp_path) == []


def test_piped_answers_that_are_out_of_step_show_no_secret(init: Init) -> None:
    result = init("http://127.0.0.1:9", "healthmon", PASSWORD)

    assert result.exit_code == ExitCode.PROBLEM
    assert "    …: must begin with http:// or https://; did you mean http://…?" in result.stdout
    # Where the runner itself shows what it types.
    assert result.output.count(PASSWORD) == 1


def test_a_url_at_which_nobody_answers_is_asked_for_again_before_anything_else(
    init: Init, pbx: FakePbx, sink: WebhookSink, tmp_path: Path
) -> None:
    result = init("http://127.0.0.1:9", pbx.url, "healthmon", PASSWORD, "", sink.url)

    assert result.exit_code == 0, result.output
    assert result.stdout.index("connection refused") < result.stdout.index("User of ARI")
    assert result.stdout.count("User of ARI") == 1
    assert load(tmp_path / "config.ini").pbxs[0].url == pbx.url


class WaryPbx(FakePbx):
    """One that notes who asks."""

    def __init__(self) -> None:
        self.asked_by: list[str] = []
        super().__init__(*ENDPOINTS, password=PASSWORD)

    def _refusal(self, request: Request) -> Answer | None:
        self.asked_by.append(request.headers.get("authorization", "nobody"))
        return super()._refusal(request)


def test_before_the_password_is_known_none_is_sent_that_a_pbx_would_report(init: Init, sink: WebhookSink) -> None:
    with WaryPbx() as pbx:
        result = init(pbx.url, "healthmon", PASSWORD, "", sink.url)

    right = base64.b64encode(f"healthmon:{PASSWORD}".encode()).decode()
    assert result.exit_code == 0, result.output
    assert set(pbx.asked_by) == {"nobody", f"Basic {right}"}


@pytest.mark.parametrize("answered", range(5))
def test_the_end_of_the_answers_leaves_nothing_behind(
    init: Init, pbx: FakePbx, sink: WebhookSink, tmp_path: Path, answered: int
) -> None:
    result = init(*(pbx.url, "healthmon", PASSWORD, "", sink.url)[:answered])

    assert result.exit_code == ExitCode.PROBLEM
    assert "nothing was written" in result.stderr
    assert left_behind(tmp_path) == []


def test_ctrl_c_leaves_nothing_behind(
    init: Init, pbx: FakePbx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("healthmon.cli.init.test_alert", interrupted)
    result = init(pbx.url, "healthmon", PASSWORD, "", "json://127.0.0.1:9/")

    assert result.exit_code == 130
    assert left_behind(tmp_path) == []


def test_a_configuration_that_is_there_is_left_as_it_is(init: Init, tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text("mine", encoding="utf-8")

    result = init("http://127.0.0.1:9")

    assert result.exit_code == ExitCode.USAGE
    assert "is there already, and is left as it is; healthmon init --force writes over it" in result.stderr
    assert result.stdout == ""
    assert (tmp_path / "config.ini").read_text(encoding="utf-8") == "mine"


def test_force_writes_over_it_only_when_all_is_answered(
    init: Init, pbx: FakePbx, sink: WebhookSink, tmp_path: Path
) -> None:
    path = tmp_path / "config.ini"
    path.write_text("mine", encoding="utf-8")
    path.chmod(0o644)

    init(pbx.url, "healthmon", PASSWORD, arguments=("--force",))
    assert path.read_text(encoding="utf-8") == "mine"

    init(pbx.url, "healthmon", PASSWORD, "", sink.url, arguments=("--force",))
    assert path.read_text(encoding="utf-8").startswith("# Configuration of healthmon")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        (("ftp://pbx", "{url}", "healthmon", PASSWORD, "", "{sink}"), "must begin with http:// or https://"),
        (("{url}", "{url}", "healthmon", PASSWORD, "", "{sink}"), "the URL is answered already"),
        (("{url}", "healthmon", " secret ", PASSWORD, "", "{sink}"), "it has spaces at its ends"),
        (("{url}", "healthmon", "${NOBODY}", PASSWORD, "", "{sink}"), "the environment variable NOBODY is not set"),
        (("{url}", "healthmon", PASSWORD, "pbx:5038", "", "{sink}"), "must begin with tcp:// or tls://"),
        (("{url}", "healthmon", PASSWORD, "", "nothing", "{sink}"), "this line is no apprise URL"),
        (("{url}", "healthmon", PASSWORD, "", "nosuch://x", "{sink}"), "apprise"),
    ],
)
def test_an_answer_that_will_not_do_is_asked_for_again(
    init: Init, pbx: FakePbx, sink: WebhookSink, answers: tuple[str, ...], sentence: str
) -> None:
    result = init(*(answer.replace("{url}", pbx.url).replace("{sink}", sink.url) for answer in answers))

    assert result.exit_code == 0, result.output
    assert sentence in result.stdout


def test_a_receiver_that_does_not_take_the_message_is_written_only_if_somebody_wants_it(
    init: Init, pbx: FakePbx, sink: WebhookSink, tmp_path: Path
) -> None:
    refused = init(pbx.url, "healthmon", PASSWORD, "", "json://127.0.0.1:9/", "", sink.url)
    assert "FAILED" in refused.stdout
    assert load(tmp_path / "config.ini").receivers[0].urls[0].url == sink.url

    (tmp_path / "config.ini").unlink()
    init(pbx.url, "healthmon", PASSWORD, "", "json://127.0.0.1:9/", "y")
    assert load(tmp_path / "config.ini").receivers[0].urls[0].url == "json://127.0.0.1:9/"


def test_a_manager_interface_that_does_not_answer_says_what_to_switch_on_and_may_be_left_out(
    init: Init, pbx: FakePbx, sink: WebhookSink, tmp_path: Path
) -> None:
    result = init(pbx.url, "healthmon", PASSWORD, "tcp://127.0.0.1:9", "watcher", "manager-secret", "none", sink.url)

    assert result.exit_code == 0, result.output
    assert "In manager.conf:" in result.stdout
    assert "[watcher]" in result.stdout
    assert "FreePBX: The manager interface is on, on 127.0.0.1:5038." in result.stdout
    assert result.stdout.count("manager-secret") == 1
    assert load(tmp_path / "config.ini").pbxs[0].ami == ""


def test_after_a_manager_interface_that_refuses_its_address_and_user_need_not_be_typed_again(
    init: Init, pbx: FakePbx, sink: WebhookSink
) -> None:
    once = ("tcp://127.0.0.1:9", "watcher", "a-wrong-secret")

    result = init(pbx.url, "healthmon", PASSWORD, *once, "", "", "another-secret", "none", sink.url)

    assert result.exit_code == 0, result.output
    assert result.stdout.count("(none: without) [tcp://127.0.0.1:9]") == 2
    assert "Its user (manager.conf) [watcher]" in result.stdout


def test_a_manager_user_who_may_only_hear_events_is_taken_and_it_is_said_what_is_unknown_then(
    init: Init, pbx: FakePbx, sink: WebhookSink, tmp_path: Path
) -> None:
    with PlayedManager() as manager:
        manager.actions = ("Ping", "ListCommands")
        manager.password = PASSWORD

        result = init(pbx.url, "healthmon", PASSWORD, manager.address, "watcher", PASSWORD, sink.url)

    assert result.exit_code == 0, result.output
    assert "it answers, with events only. By events alone a registration is unknown until its next one" in result.stdout
    assert "With write = reporting in manager.conf, and a reload of healthmon, they are known" in result.stdout
    assert load(tmp_path / "config.ini").pbxs[0].ami == manager.address


@pytest.mark.parametrize("without", ["none", "no", "-"])
def test_who_leaves_the_manager_interface_out_is_told_what_is_lost_and_finds_it_in_the_file(
    init: Init, pbx: FakePbx, sink: WebhookSink, tmp_path: Path, without: str
) -> None:
    answers = ("tcp://127.0.0.1:9", "watcher", "a-wrong-secret", without)

    result = init(pbx.url, "healthmon", PASSWORD, *answers, sink.url)

    written = (tmp_path / "config.ini").read_text(encoding="utf-8")
    assert "nobody sees that a registration at a provider is lost" in result.stdout
    assert "nobody sees that a registration at a provider is lost" in written
    assert "\n#ami = tcp://127.0.0.1:9\n#ami_username = watcher\n#ami_password = " in written
    assert "a-wrong-secret" not in written
    assert load(tmp_path / "config.ini").pbxs[0].ami == ""


def test_without_a_manager_interface_the_file_proposes_the_usual_one(
    init: Init, pbx: FakePbx, sink: WebhookSink, tmp_path: Path
) -> None:
    init(pbx.url, "healthmon", PASSWORD, "", sink.url)

    written = (tmp_path / "config.ini").read_text(encoding="utf-8")
    assert "\n#ami = tcp://127.0.0.1:5038\n#ami_username = healthmon\n" in written


class SlowSink(WebhookSink):
    """While it takes the test message somebody else writes a configuration."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def received(self, raw: bytes) -> int | None:
        self._path.write_text("theirs", encoding="utf-8")
        return super().received(raw)


def test_a_configuration_that_comes_while_it_asks_is_left_as_it_is(init: Init, pbx: FakePbx, tmp_path: Path) -> None:
    with SlowSink(tmp_path / "config.ini") as sink:
        result = init(pbx.url, "healthmon", PASSWORD, "", sink.url)

    assert result.exit_code == ExitCode.USAGE
    assert "is there already, and is left as it is" in result.stderr
    assert (tmp_path / "config.ini").read_text(encoding="utf-8") == "theirs"
    assert left_behind(tmp_path) == ["config.ini"]


def test_what_is_named_after_the_pbx_and_where_it_must_be(init: Init, tmp_path: Path) -> None:
    assert "a name is made of" in init(arguments=("--name", "a/b")).stderr

    result = CliRunner().invoke(cli, ["-c", str(tmp_path / "no" / "config.ini"), "init"])
    assert result.exit_code == ExitCode.USAGE
    assert "make it first: install -d -m 750" in result.stderr
