"""A real Asterisk on a loopback address of its own: started in well under a second, ended for certain."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from . import pbxfiles
from .addresses import addresses
from .documentation import link_data
from .endpoints import Endpoint
from .errors import LabError
from .kits import Kit
from .pbxfiles import AMI_PORT, CHAN_SIP_PORT, HTTP_PORT, HTTPS_PORT, IAX_PORT, SIP_PORT, Options
from .process import Process, wait_until
from .realtime import Realtime

#: Seconds until ARI must answer; it takes 0.3 s, but a busy machine starts a score of them at once.
START_TIMEOUT = 60
#: One that restarts by itself is back within so long, or hangs (seconds).
RESTART_TIMEOUT = 30


class Asterisk:
    """One instance: its configuration, its process, and what a test does to it. Owned by the test's thread."""

    def __init__(
        self,
        kit: Kit,
        endpoints: Iterable[Endpoint] = (),
        *,
        folder: Path | None = None,
        address: str | None = None,
        options: Options | None = None,
    ) -> None:
        self.kit = kit
        self.options = options or Options()
        self.address = address or addresses().address()
        self._own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="lab-pbx-"))
        # A socket's path may have 107 characters; a test's folder is often longer.
        self._run_folder = Path(tempfile.mkdtemp(prefix="lab-run-"))
        self._endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self._process: Process | None = None
        #: Text appended to a file, by the file's name; see `append`.
        self.extra: dict[str, str] = {}
        #: Added to its environment at the next start; see `others.clock_off_by`.
        self.environment: dict[str, str] = {}
        #: Seconds from the start of the process until ARI answered.
        self.start_seconds = 0.0
        self.realtime = Realtime(self.folder / "realtime.sqlite3") if self.options.realtime else None

    # Where it is reached.

    @property
    def url(self) -> str:
        """The base of its HTTP server, e.g. "http://127.7.1.1:8088", with the prefix if there is one."""
        return f"http://{self.address}:{HTTP_PORT}{self._prefix}"

    @property
    def https_url(self) -> str:
        """The same over TLS; only with Options(certificate=…)."""
        return f"https://{self.address}:{HTTPS_PORT}{self._prefix}"

    @property
    def ari_auth(self) -> tuple[str, str]:
        """User and password of the ARI user that may do all."""
        return self.options.ari_user, self.options.ari_password

    @property
    def reader_auth(self) -> tuple[str, str]:
        """User and password of the ARI user that may only read."""
        return self.options.reader_user, self.options.reader_password

    @property
    def ami_auth(self) -> tuple[str, str]:
        """User and password of the manager interface."""
        return self.options.ami_user, self.options.ami_password

    @property
    def sip(self) -> tuple[str, int]:
        """Where PJSIP listens (UDP)."""
        return self.address, SIP_PORT

    @property
    def chan_sip(self) -> tuple[str, int]:
        """Where chan_sip listens (UDP; Asterisk 16 only)."""
        return self.address, CHAN_SIP_PORT

    @property
    def iax(self) -> tuple[str, int]:
        """Where IAX2 listens (UDP)."""
        return self.address, IAX_PORT

    @property
    def ami(self) -> tuple[str, int]:
        """Where the manager interface listens (TCP)."""
        return self.address, AMI_PORT

    @property
    def pid(self) -> int:
        """The process id."""
        return self._running().pid

    @property
    def is_running(self) -> bool:
        """Whether the process exists; a frozen one does."""
        return self._process is not None and self._process.is_running

    # What a test does to it.

    def start(self, wait: bool = True) -> Self:
        """Write the configuration and start; returns when ARI answers, unless told not to wait."""
        self.write_files()
        words = [*self.kit.command(), "-f", "-C", str(self._etc / "asterisk.conf")]
        self._process = Process(words, self.folder / "stdout.log", self.environment, self.folder)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout: float = START_TIMEOUT) -> None:
        """Wait until ARI answers 200; StartFailed with the log when it does not."""
        process, what = self._running(), f"Asterisk {self.kit.version} on {self.address}: ARI"
        self.start_seconds = process.wait_ready(lambda: self.started_at() is not None, timeout, what)

    def stop(self) -> None:
        """End it in an orderly way; its folder and logs stay until `close`."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash or a power cut would."""
        self._running().kill()

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, nothing answers."""
        self._running().send(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: go on after `freeze`."""
        self._running().send(signal.SIGCONT)

    def restart(self, wait: bool = True) -> None:
        """`core restart now`; returns when ARI of the new run answers, unless told not to wait."""
        if len(self.kit.command()) > 1:
            # Asterisk runs its own file anew, which needs a patched one; through a loader we restart it by hand.
            self.stop()
            self.start(wait)
            return
        before = self.started_at()
        self.cli("core restart now", check=False)
        if not wait:
            return
        try:
            wait_until(lambda: self.started_at() not in {None, before}, RESTART_TIMEOUT, "core restart now")
        except LabError:
            # One that is told so in the second of its start may never come back.
            if self.is_running:
                self.kill()
            self.start()

    def cli(self, command: str, check: bool = True) -> str:
        """What Asterisk's own console says to a command (`asterisk -rx`)."""
        words = [*self.kit.command(), "-C", str(self._etc / "asterisk.conf"), "-rx", command]
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=20, check=False)
        if check and done.returncode != 0:
            raise LabError(f"asterisk -rx {command!r}: {done.stdout}{done.stderr}")
        return done.stdout

    def reload(self, module: str = "res_pjsip.so") -> str:
        """Write the files anew and have one module read them; "" reloads all."""
        self.write_files()
        return self.cli(f"module reload {module}".strip())

    def add_endpoint(self, *endpoints: Endpoint, reload: bool = True) -> None:
        """Add endpoints, or replace those of the same name, and reload what reads them."""
        self._endpoints |= {endpoint.name: endpoint for endpoint in endpoints}
        if reload:
            self._reload_for(endpoints)

    def remove_endpoint(self, *names: str, reload: bool = True) -> None:
        """Remove endpoints ("PJSIP/101") from the configuration and reload what reads it."""
        removed = [self._endpoints.pop(name) for name in names]
        if reload:
            self._reload_for(removed)

    def register_now(self, trunk: str) -> None:
        """Send the REGISTER of a trunk(…, registration=…) at once, not when it is due."""
        self.cli(f"pjsip send register {trunk}-registration")

    def append(self, file: str, text: str) -> None:
        """Have a text at the end of a file from the next start or reload on, e.g. to break it; "" ends that."""
        self.extra[file] = text

    # What a test asks it.

    def ari(self, method: str, path: str, **more: Any) -> requests.Response:
        """One REST request as the full user: `ari("GET", "/endpoints")`."""
        more = {"auth": self.ari_auth, "timeout": 5, **more}
        with requests.Session() as session:
            # Loopback needs no proxy, whatever the environment says; a new connection each time survives restarts.
            session.trust_env = False
            return session.request(method, f"{self.url}/ari{path}", **more)

    def endpoint_state(self, name: str) -> str:
        """What ARI says of "PJSIP/101": online, offline, unknown; "absent" when it is not listed."""
        answer = self.ari("GET", f"/endpoints/{name}")
        return str(answer.json()["state"]) if answer.status_code == 200 else "absent"

    def wait_state(self, name: str, state: str, timeout: float = 10) -> float:
        """Wait until ARI says so of an endpoint; returns the seconds that it took."""
        return wait_until(lambda: self.endpoint_state(name) == state, timeout, f"{name} {state}", every=0.02)

    def started_at(self) -> str | None:
        """ARI's startup_time, which each start changes; None while ARI does not answer."""
        try:
            answer = self.ari("GET", "/asterisk/info", params={"only": "status"}, timeout=2)
        except requests.RequestException:
            return None
        return str(answer.json()["status"]["startup_time"]) if answer.status_code == 200 else None

    def log_text(self) -> str:
        """Everything that it logged so far."""
        paths = (self.folder / "stdout.log", self.folder / "log/messages", self.folder / "log/security")
        return "\n".join(path.read_text(errors="replace") for path in paths if path.exists())

    # The ends of its life.

    def close(self) -> None:
        """End it at once and remove its folder, unless the folder was given by the caller."""
        if self.is_running:
            self.kill()
        shutil.rmtree(self._run_folder, ignore_errors=True)
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self if self.is_running else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write_files(self) -> None:
        """Write the whole configuration as it is wanted now."""
        for name in ("etc", "lib/keys", "spool", "log"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        for name, text in self._files().items():
            # A name that is not UTF-8 is written as the bytes that it was read from.
            whole = text + self.extra.get(name, "")
            (self._etc / name).write_text(whole, encoding="utf-8", errors="surrogateescape")

    @property
    def _etc(self) -> Path:
        return self.folder / "etc"

    @property
    def _prefix(self) -> str:
        return f"/{self.options.prefix}" if self.options.prefix else ""

    def _files(self) -> dict[str, str]:
        module_folder = self.kit.file("usr/lib/**/asterisk/modules")
        data_folder = link_data(self.kit.file("usr/share/asterisk"), self.folder)
        files = {
            "asterisk.conf": pbxfiles.asterisk_conf(self.folder, self._run_folder, module_folder, data_folder),
            "modules.conf": pbxfiles.modules_conf(module_folder, self.options),
            "http.conf": pbxfiles.http_conf(self.address, self.options),
            "ari.conf": pbxfiles.ari_conf(self.options),
            "manager.conf": pbxfiles.manager_conf(self.address, self.options),
            "pjsip.conf": pbxfiles.pjsip_conf(self.address, self.options),
            **pbxfiles.other_files(self.address, self.folder, self.options),
        }
        for endpoint in self._endpoints.values():
            files[endpoint.file] += endpoint.text
        return files

    def _reload_for(self, endpoints: Iterable[Endpoint]) -> None:
        readers = {"PJSIP": "res_pjsip.so", "SIP": "chan_sip.so", "IAX2": "chan_iax2.so"}
        for technology in sorted({endpoint.technology for endpoint in endpoints}):
            self.reload(readers[technology])

    def _running(self) -> Process:
        if self._process is None:
            raise LabError(f"Asterisk on {self.address} was not started yet")
        return self._process
