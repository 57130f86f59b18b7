"""The web process beside a whole daemon: it answers, it is started again, and it ends with the daemon."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from healthmon.config.credentials import hash_of_token
from healthmon.demo.fakepbx import FakePbx
from tests.lab.fixtures import need
from tests.lab.others import prometheus
from tests.publish.guests import PASSWORD, cheap_hash, field_of
from tests.sinks import WebhookSink
from tests.system.daemon import Daemon
from tests.system.fake_scene import fake_section, phones
from tests.system.scene import WATCHES, receiver_section

DOCS = Path(__file__).parents[2] / "docs/prometheus"
TOKEN = hash_of_token("hm_read")


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses at present."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Answering:
    """A daemon with a web process."""

    daemon: Daemon
    pbx: FakePbx
    config: str
    port: int

    def get(self, path: str) -> str:
        """What is answered, with its status; "": nothing is."""
        try:
            answer = requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)
        except requests.ConnectionError:
            return ""
        return f"{answer.status_code} {answer.text}"

    def wait_answered(self, path: str, expected: str) -> None:
        """Wait until this is answered."""
        self.daemon.wait(lambda: self.get(path) == expected, f"{path} answers {expected!r}, not {self.get(path)!r}")

    def process(self) -> int:
        """The process id of the web process."""
        threads = Path(f"/proc/{self.daemon.pid}/task").iterdir()
        children = [pid for thread in threads for pid in (thread / "children").read_text().split()]
        [web] = [pid for pid in children if b"\0web\0" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return int(web)


@contextmanager
def answering(folder: Path, more: str = "") -> Iterator[Answering]:
    """Start all of it, and wait until it answers. ``more``: further sections."""
    folder.mkdir(exist_ok=True)
    with ExitStack() as ends:
        pbx = ends.enter_context(FakePbx(*phones(2)))
        sink = ends.enter_context(WebhookSink())
        config = fake_section(pbx) + WATCHES + receiver_section(sink) + more
        port = free_port()
        daemon = ends.enter_context(Daemon(folder, f"{config}\n[web]\nlisten = 127.0.0.1:{port}\n"))
        daemon.start()
        scene = Answering(daemon, pbx, config, port)
        scene.wait_answered("/healthz", "200 ok\n")
        yield scene


def has_ended(pid: int) -> bool:
    """Whether there is no such process any more."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_change_is_answered_and_the_web_process_is_started_again_when_it_has_died(tmp_path: Path) -> None:
    with answering(tmp_path) as scene:
        scene.wait_answered("/api/v1/state/office/PJSIP/101", "200 up")
        scene.pbx.phone_down("PJSIP/101")
        scene.wait_answered("/api/v1/state/office/PJSIP/101", "200 down")
        os.kill(scene.process(), signal.SIGKILL)
        scene.daemon.wait(lambda: "the web process has ended" in scene.daemon.log(), "its end is said")
        scene.wait_answered("/livez", "200 ok\n")
        assert scene.daemon.state("PJSIP/101") == "down"


def test_it_ends_with_the_daemon_also_with_one_that_is_killed(tmp_path: Path) -> None:
    with answering(tmp_path) as scene:
        first = scene.process()
        scene.daemon.stop()
        assert has_ended(first)
        scene.daemon.start()
        scene.wait_answered("/livez", "200 ok\n")
        second = scene.process()
        scene.daemon.kill()
        scene.daemon.wait(lambda: has_ended(second), "it notices that the daemon has ended")


def user_section(password: str) -> str:
    """Anna, with this password, who looks."""
    return f"\n[user anna]\nrole = viewer\npassword_hash = {cheap_hash(password)}\n"


def test_who_has_logged_in_stays_so_when_all_is_killed_and_not_with_another_password(tmp_path: Path) -> None:
    with answering(tmp_path, user_section(PASSWORD)) as scene, requests.Session() as person:
        url = f"http://127.0.0.1:{scene.port}"

        def shown() -> str:
            try:
                return person.get(f"{url}/targets", timeout=5).url
            except requests.ConnectionError:
                return ""

        form = {"form_token": field_of(person.get(f"{url}/login", timeout=5).text), "name": "anna"}
        person.post(f"{url}/login", data={**form, "password": PASSWORD}, timeout=5)
        assert shown() == f"{url}/targets"
        first = scene.process()
        os.kill(first, signal.SIGKILL)
        scene.daemon.kill()
        scene.daemon.start()
        scene.daemon.wait(lambda: shown() == f"{url}/targets", "she is still known")
        web = f"\n[web]\nlisten = 127.0.0.1:{scene.port}\n"
        scene.daemon.configure(f"{scene.config}{web}[token grafana]\ntoken_hash = {TOKEN}\n")
        second = scene.process()
        scene.daemon.reload()
        scene.daemon.wait(lambda: has_ended(second) and shown() == f"{url}/targets", "nor does a reload end it")
        changed = scene.config.replace(user_section(PASSWORD), user_section("another one"))
        scene.daemon.configure(f"{changed}{web}")
        scene.daemon.reload()
        scene.daemon.wait(lambda: shown() == f"{url}/login?next=%2Ftargets", "she has to log in again")


def test_a_reload_begins_and_ends_it(tmp_path: Path) -> None:
    with answering(tmp_path) as scene:
        pid = scene.process()
        scene.daemon.configure(scene.config)
        scene.daemon.reload()
        scene.daemon.wait(lambda: has_ended(pid), "it ends")
        web = f"{scene.config}\n[web]\nlisten = 127.0.0.1:{scene.port}\n"
        scene.daemon.configure(f"{web}[public status]\ntitle = Phones\nshow = PJSIP/101 = Desk\n")
        scene.daemon.reload()
        scene.wait_answered("/healthz", "200 ok\n")
        assert '"name": "Desk",\n      "state": "up"' in scene.get("/public/status.json")
        scene.daemon.configure(web)
        scene.daemon.reload()
        scene.wait_answered("/public/status.json", "404 there is no such page\n")


def test_where_the_port_is_taken_the_daemon_goes_on_and_says_why(tmp_path: Path) -> None:
    with answering(tmp_path / "first") as first, ExitStack() as ends:
        pbx = ends.enter_context(FakePbx(*phones(2)))
        sink = ends.enter_context(WebhookSink())
        config = fake_section(pbx) + WATCHES + receiver_section(sink)
        (tmp_path / "second").mkdir()
        daemon = Daemon(tmp_path / "second", f"{config}\n[web]\nlisten = 127.0.0.1:{first.port}\n")
        ends.enter_context(daemon).start()
        daemon.wait(lambda: "Address already in use" in daemon.log(), "why it does not answer")
        daemon.wait_for_state("PJSIP/101", "up")
        assert first.get("/livez") == "200 ok\n"


def test_idle_connections_and_half_requests_do_not_keep_others_from_being_answered(tmp_path: Path) -> None:
    with answering(tmp_path) as scene, ExitStack() as ends:
        for number in range(300):
            connection = ends.enter_context(socket.create_connection(("127.0.0.1", scene.port)))
            if number % 2:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: local")
        assert scene.get("/healthz") == "200 ok\n"


@pytest.mark.lab
def test_a_real_prometheus_scrapes_it_and_its_rules_see_a_dead_pbx(tmp_path: Path) -> None:
    kit = need("prometheus")
    with answering(tmp_path / "daemon") as scene, ExitStack() as ends:
        port = free_port()
        process = prometheus(kit, tmp_path / "prometheus", ("127.0.0.1", port), f"127.0.0.1:{scene.port}", DOCS)
        ends.callback(process.close)

        def found(query: str) -> list[str]:
            try:
                url = f"http://127.0.0.1:{port}/api/v1/query"
                answer = requests.get(url, params={"query": query}, timeout=5)
            except requests.RequestException:
                return []
            # While it starts it refuses in plain words.
            if not answer.ok:
                return []
            return [row["value"][1] for row in answer.json()["data"]["result"]]

        scene.daemon.wait(lambda: found('healthmon_pbx_state{state="up"}') == ["1"], "the PBX is up", 60)
        scene.pbx.close()
        firing = 'ALERTS{alertname="HealthmonPbxDown", alertstate="firing"}'
        scene.daemon.wait(lambda: found(firing) == ["1"], "the alert fires", 60)
