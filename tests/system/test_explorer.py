"""``healthmon ari`` on a real Asterisk: what it describes of itself, single calls, its events."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from healthmon.ari.api_document import ApiDocument
from healthmon.ari.client import AriClient
from healthmon.cli.main import cli
from tests.ari.peers import config
from tests.lab.asterisk import Asterisk
from tests.lab.endpoints import phone
from tests.lab.fixtures import Lab
from tests.system.scene import pbx_section
from tests.waiting import wait_for


class Explorer:
    """Runs ``healthmon ari`` for one PBX."""

    def __init__(self, pbx: Asterisk, folder: Path) -> None:
        self.config = folder / "config.ini"
        watch = "[watch all]\nendpoints = *\n"
        self.config.write_text(f"[healthmon]\ndatabase = {folder}/healthmon.db\n{pbx_section(pbx)}{watch}")
        self.config.chmod(0o600)

    def __call__(self, *arguments: str, answers: str = "") -> Result:
        words = ["-c", str(self.config), "ari", *arguments]
        return CliRunner().invoke(cli, words, input=answers, catch_exceptions=False)

    def state(self, device: str) -> str:
        """The state of a device."""
        found: str = json.loads(self("get", f"/deviceStates/{quote(device)}", "--json").output)["state"]
        return found

    def applications(self) -> list[str]:
        """The applications that the PBX knows."""
        return [each["name"] for each in json.loads(self("get", "/applications", "--json").output)]

    def completed(self, *words: str) -> list[str]:
        """What a shell offers for the last of these words."""
        shell = ShellComplete(cli, {"obj": self.config}, "healthmon", "_HEALTHMON_COMPLETE")
        before = ["-c", str(self.config), "ari", *words[:-1]]
        return [item.value for item in shell.get_completions(before, words[-1])]

    @contextmanager
    def listening(self, *arguments: str) -> Iterator[Iterator[str]]:
        """Run ``healthmon ari events`` as a process of its own, and give its lines; Ctrl-C ends it."""
        words = [sys.executable, "-u", "-m", "healthmon", "-c", str(self.config), "ari", "events", *arguments]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield process.stdout
            finally:
                process.send_signal(signal.SIGINT)
            process.stdout.read()
        assert process.returncode == 0


@pytest.fixture
def pbx(lab: Lab) -> Asterisk:
    """An Asterisk with a phone whose password is not a word."""
    return lab.asterisk(phone("101", password="pw-of-101"))


@pytest.fixture
def ari(pbx: Asterisk, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Explorer:
    """``healthmon ari`` for it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(lab.folder("cache")))
    return Explorer(pbx, lab.folder("explorer"))


def test_what_a_pbx_describes_of_itself_is_shown_with_parameters_and_models(pbx: Asterisk, ari: Explorer) -> None:
    listed = ari()
    assert listed.exit_code == 0
    assert listed.output.startswith(f"ARI of Asterisk {pbx.kit.version.partition('-')[0]}")
    with closing(AriClient(config(pbx.url, *pbx.ari_auth))) as client:
        document = client.api_document()
    assert {"asterisk", "endpoints", "channels", "bridges", "deviceStates", "events"} <= {
        resource.name for resource in document.resources
    }

    for resource in document.resources:
        shown = ari("show", resource.name, "--models")
        assert shown.exit_code == 0, shown.output
        for operation in resource.operations:
            assert f"{operation.method} {operation.path}\n" in shown.output
            assert all(parameter.name in shown.output for parameter in operation.parameters)
        for model in resource.models:
            assert f"\n{model.name}\n" in shown.output
    assert ari("endpoints").output == ari("show", "endpoints").output


def test_the_documents_are_asked_for_once_and_complete_what_is_typed(
    ari: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, read = [], AriClient.api_document

    def counted(client: AriClient) -> ApiDocument:
        asked.append(client)
        return read(client)

    monkeypatch.setattr(AriClient, "api_document", counted)
    ari()
    ari("endpoints")
    assert len(asked) == 1

    assert "deviceStates" in ari.completed("dev")
    assert "/deviceStates" in ari.completed("get", "/dev")
    assert "/channels" in ari.completed("post", "/cha")
    assert len(asked) == 1


def test_a_call_reads_and_writes_and_passwords_are_hidden(pbx: Asterisk, ari: Explorer) -> None:
    read = ari("get", "/endpoints/PJSIP/101", "--json")
    assert json.loads(read.output)["resource"] == "101"
    auth = ari("get", "/asterisk/config/dynamic/res_pjsip/auth/101")
    assert '"value": "***"' in auth.output
    assert "pw-of-101" not in auth.output

    refused = ari("put", "/deviceStates/Stasis:lamp", "-d", "deviceState=INUSE", answers="n\n")
    assert (refused.exit_code, ari.state("Stasis:lamp")) == (1, "UNKNOWN")
    assert "PUT /deviceStates/Stasis:lamp deviceState=INUSE on office? [y/N]" in refused.output
    assert ari("put", "/deviceStates/Stasis:lamp", "-d", "deviceState=INUSE", answers="y\n").exit_code == 0
    assert ari.state("Stasis:lamp") == "INUSE"
    assert ari("delete", "/deviceStates/Stasis:lamp", "--yes").exit_code == 0

    unknown = ari("get", "/endpoints/PJSIP/nobody")
    assert unknown.exit_code == 1
    assert unknown.output.startswith(
        "healthmon: pbx office: GET /endpoints/PJSIP/nobody: Asterisk does not know it: 404"
    )


def test_the_line_for_curl_does_the_same_and_has_no_password(pbx: Asterisk, ari: Explorer) -> None:
    user, password = pbx.ari_auth
    shown = ari("put", "/deviceStates/Stasis:by curl", "-d", "deviceState=RINGING", "--curl").output
    assert password not in shown
    assert ari.state("Stasis:by curl") == "UNKNOWN"

    words = shlex.split(shown.replace(f"-u {user}", f"-u {user}:{password}"))
    subprocess.run([*words, "-sS", "--fail"], check=True, timeout=20)

    assert ari.state("Stasis:by curl") == "RINGING"


def test_events_come_in_words_and_as_json_and_nothing_stays_registered(pbx: Asterisk, ari: Explorer) -> None:
    with ari.listening() as lines, ari.listening("--json", "--type", "DeviceStateChanged") as documents:
        wait_for(lambda: len(ari.applications()) == 2)
        ari("put", "/deviceStates/Stasis:bell", "-d", "deviceState=RINGING", "--yes")
        in_words = next(line for line in lines if "Stasis:bell" in line)
        as_json = json.loads(next(document for document in documents if "Stasis:bell" in document))

    assert in_words.split(" ", 1)[1] == "DeviceStateChanged Stasis:bell RINGING\n"
    assert as_json["device_state"] == {"name": "Stasis:bell", "state": "RINGING"}
    wait_for(lambda: ari.applications() == [])
