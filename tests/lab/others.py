"""Programs that we did not write, as peers: baresip (a phone), sipp (a provider, a phone), kamailio (a provider), nginx
(a proxy), faketime, Alertmanager, Nagios, Icinga 2, Prometheus.

Each returns a Process that runs from its kit; `close` it, or hand it to `lab.add`.
"""

import grp
import os
import pwd
import signal
import subprocess
from pathlib import Path

from .kits import Kit
from .process import Family, Process

#: Where sipp's scenarios lie.
SCENARIOS = Path(__file__).parent / "scenarios"
#: What Nagios writes, besides its results.
NAGIOS_FILES = ("nagios.log", "objects.cache", "status.dat", "commands", "lock", "temp", "query.sock")


def baresip(
    kit: Kit, folder: Path, registrar: tuple[str, int], name: str, password: str = "secret", *, address: str
) -> Process:
    """Start a phone that registers and answers OPTIONS by itself; it unregisters when it is stopped."""
    modules = kit.file("usr/lib/**/baresip/modules")
    config = [
        f"sip_listen {address}:5060",
        f"module_path {modules}",
        "module g711.so",
        "module_app account.so",
        "module_app menu.so",
    ]
    host, port = registrar
    (folder / "config").write_text("\n".join(config) + "\n")
    (folder / "accounts").write_text(f"<sip:{name}@{host}:{port}>;auth_pass={password};regint=60;audio_codecs=pcmu\n")
    (folder / "contacts").write_text("")
    return Process([*kit.command(), "-f", str(folder)], folder / "baresip.log", folder=folder)


def sipp_provider(kit: Kit, folder: Path, address: str) -> Process:
    """Start a provider at address:5060 that answers each OPTIONS with 200."""
    return _sipp(kit, folder, "answer-options.xml", ["-i", address, "-p", "5060"])


def kamailio(kit: Kit, folder: Path, address: str, certificate: tuple[Path, Path]) -> Process:
    """Start a provider at address:5060 (UDP, TCP) and address:5061 (TLS, with this certificate and its key).

    It answers each OPTIONS with 200, and everything else with 403. It is a family of processes: end it by ``stop()``.
    """
    chain, key = certificate
    config = [
        *("#!KAMAILIO", "debug=1", "log_stderror=yes", "children=1", "tcp_children=1", "enable_tls=yes"),
        *(f"listen=udp:{address}:5060", f"listen=tcp:{address}:5060", f"listen=tls:{address}:5061"),
        f'mpath="{kit.file("usr/lib/*/kamailio/modules")}"',
        *('loadmodule "sl.so"', 'loadmodule "pv.so"', 'loadmodule "tls.so"'),
        'modparam("tls", "tls_method", "TLSv1.2+")',
        *(f'modparam("tls", "certificate", "{chain}")', f'modparam("tls", "private_key", "{key}")'),
        *("request_route {", '    if (method == "OPTIONS") { sl_send_reply("200", "Here I am"); exit; }'),
        *('    sl_send_reply("403", "No calls here");', "}"),
    ]
    (folder / "kamailio.cfg").write_text("\n".join(config) + "\n")
    # -DD: its main process stays with us; -Y: where it keeps its files.
    words = ["-DD", "-E", "-f", str(folder / "kamailio.cfg"), "-Y", str(folder), "-m", "16", "-M", "4"]
    # Killed, it would leave its children behind.
    return Family([*kit.command(), *words], folder / "kamailio.log", folder=folder, left_alone=signal.SIGTERM)


def sipp_phone(
    kit: Kit, folder: Path, registrar: tuple[str, int], name: str, password: str = "secret", *, address: str
) -> Process:
    """Register a phone once (it ends afterwards): registered, but there is nobody to answer OPTIONS."""
    host, port = registrar
    who = ["-s", name, "-au", name, "-ap", password, "-m", "1"]
    return _sipp(kit, folder, "register.xml", [*who, "-i", address, "-p", "5060", f"{host}:{port}"])


def nginx(kit: Kit, folder: Path, listen: tuple[str, int], server: str) -> Process:
    """Start a reverse proxy: `server` is the inside of nginx's `server { … }`, without its `listen`."""
    address, port = listen
    temporary = [f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    config = "\n".join(
        [
            *("daemon off;", "master_process off;", f"pid {folder}/nginx.pid;", f"error_log {folder}/error.log;"),
            *("events {}", "http {", "access_log off;", *temporary),
            *("map $http_upgrade $connection_upgrade { default upgrade; '' close; }",),
            *(f"server {{ listen {address}:{port};", server, "} }"),
        ]
    )
    (folder / "nginx.conf").write_text(config + "\n")
    words = [*kit.command(), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    return Process(words, folder / "nginx.log", folder=folder)


def alertmanager(kit: Kit, folder: Path, listen: tuple[str, int], webhook: str) -> Process:
    """Start an Alertmanager that passes everything on to a webhook, each incident by itself."""
    (folder / "alertmanager.yml").write_text(
        "route: {receiver: us, group_by: [incident], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}\n"
        f"receivers: [{{name: us, webhook_configs: [{{url: '{webhook}', send_resolved: true}}]}}]\n"
    )
    options = {
        "config.file": folder / "alertmanager.yml",
        "storage.path": folder / "data",
        "web.listen-address": f"{listen[0]}:{listen[1]}",
        "cluster.listen-address": "",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    *loader, program = kit.command()
    own = _with_templates_beside(kit, Path(program), folder)
    return Process([*loader, str(own), *words], folder / "alertmanager.log", folder=folder)


def _with_templates_beside(kit: Kit, program: Path, folder: Path) -> Path:
    """Debian's Alertmanager looks for templates in a fixed folder of the system; this copy where it is started."""
    fixed = "usr/share/prometheus/alertmanager"
    here = "./" * ((len(fixed) + 1) // 2)
    copy = folder / "alertmanager"
    copy.write_bytes(program.read_bytes().replace(f"/{fixed}".encode(), here.encode()))
    copy.chmod(0o755)
    for template in kit.root.glob(f"{fixed}/*.tmpl"):
        (folder / template.name).write_bytes(template.read_bytes())
    return copy


def clock_off_by(kit: Kit, seconds: int) -> dict[str, str]:
    """An environment in which a program believes that it is so many seconds later (negative: earlier) than it is."""
    library = kit.file("usr/lib/*/faketime/libfaketimeMT.so.1")
    return {"LD_PRELOAD": str(library), "FAKETIME": f"{seconds:+d}s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def clock_set_by(kit: Kit, file: Path) -> dict[str, str]:
    """An environment in which a program's wall clock, and no other, is set by what a file says: ``+28800``."""
    return {
        "LD_PRELOAD": str(kit.file("usr/lib/*/faketime/libfaketimeMT.so.1")),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def _sipp(kit: Kit, folder: Path, scenario: str, words: list[str]) -> Process:
    terminal = {"TERM": "dumb"}
    command = [*kit.command(), "-sf", str(SCENARIOS / scenario), "-nostdin", *words]
    return Process(command, folder / "sipp.log", terminal, folder)


def nagios(kit: Kit, folder: Path, commands: str, arguments: str) -> Process:
    """Start a Nagios that asks every second, and writes how it went to ``status.dat``.

    ``commands``: its objects that define ``check_healthmon``; ``arguments``: what the one service gives to it.
    """
    (folder / "results").mkdir()
    files = ("log_file", "object_cache_file", "status_file", "command_file", "lock_file", "temp_file", "query_socket")
    own = {option: folder / names for option, names in zip(files, NAGIOS_FILES, strict=True)}
    user = pwd.getpwuid(os.getuid()).pw_name
    settings: dict[str, object] = {
        **own,
        "cfg_file": folder / "objects.cfg",
        "temp_path": folder,
        "check_result_path": folder / "results",
        "state_retention_file": folder / "retention.dat",
        "precached_object_file": folder / "objects.precache",
        "nagios_user": user,
        "nagios_group": grp.getgrgid(os.getgid()).gr_name,
        "check_external_commands": 0,
        "interval_length": 1,
        "status_update_interval": 1,
        "enable_notifications": 0,
        "check_for_updates": 0,
    }
    (folder / "nagios.cfg").write_text("".join(f"{option}={value}\n" for option, value in settings.items()))
    objects = (SCENARIOS.parent / "nagios-objects.cfg").read_text()
    (folder / "objects.cfg").write_text(commands + objects.replace("@ARGUMENTS@", arguments))
    return Process([*kit.command(), str(folder / "nagios.cfg")], folder / "nagios.out", folder=folder)


def icinga2_verdict(kit: Kit, folder: Path, configuration: str) -> str:
    """Have Icinga 2 check a configuration; return all that it says, which ends with what it thinks of it."""
    file = folder / "icinga2.conf"
    file.write_text(configuration)
    folders = [f"-D{name}={folder}" for name in ("DataDir", "CacheDir", "LogDir", "InitRunDir", "ConfigDir")]
    user = [f"-DRunAsUser={pwd.getpwuid(os.getuid()).pw_name}", f"-DRunAsGroup={grp.getgrgid(os.getgid()).gr_name}"]
    words = [*kit.command(), "daemon", "-C", "-c", str(file), *folders, *user]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60).stdout


def prometheus(kit: Kit, folder: Path, listen: tuple[str, int], target: str, docs: Path) -> Process:
    """Start a Prometheus that scrapes ``target`` every second, by the rules and the configuration of the docs."""
    folder.mkdir(exist_ok=True)
    scrape = (docs / "scrape.yml").read_text()
    quick = "global: {evaluation_interval: 1s}\n"
    (folder / "prometheus.yml").write_text(quick + scrape.replace("15s", "1s").replace("127.0.0.1:8089", target))
    (folder / "alerts.yml").write_text((docs / "alerts.yml").read_text())
    options = {
        "config.file": folder / "prometheus.yml",
        "storage.tsdb.path": folder / "data",
        "web.listen-address": f"{listen[0]}:{listen[1]}",
    }
    words = [*kit.command(), *(f"--{name}={value}" for name, value in options.items())]
    return Process(words, folder / "prometheus.log", folder=folder)


def promtool(kit: Kit, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool in a folder."""
    words = [*kit.command("usr/bin/promtool"), *arguments]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
