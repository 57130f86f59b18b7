"""A real Nagios runs ``healthmon check`` by the definition of the docs; a real Icinga 2 reads the one for it."""

from __future__ import annotations

import re
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.cli import check
from healthmon.model import Changes, Freshness, Health
from healthmon.store.write.writer import Writer, open_writer
from tests.lab.fixtures import need
from tests.lab.others import icinga2_verdict, nagios
from tests.report.builder import connection, provider
from tests.waiting import wait_for

pytestmark = pytest.mark.lab

DOCS = Path(__file__).parents[2] / "docs/nagios"
#: Where the definitions say that healthmon is.
INSTALLED = "/opt/healthmon/bin/healthmon"


def book(writer: Writer, belief: Health) -> None:
    """Book how the provider stands now, and that the daemon lives."""
    now = time.time()
    trunk = replace(provider("trunk"), belief=belief, since=now, believed_at=now, reason="does not answer")
    states = [replace(connection(), since=now), trunk]
    writer.commit(Changes(states={(state.target, state.check): state for state in states}))
    writer.alive(now, [Freshness("office", now, now, now)])


class ServiceStatus:
    """What Nagios has written of its one service."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "status.dat"

    def value(self, name: str) -> str:
        """One field of it; "": nothing was written yet."""
        if not self._file.exists():
            return ""
        service = self._file.read_text().partition("servicestatus {")[2]
        found = re.search(rf"^\t{name}=(.*)$", service, re.MULTILINE)
        return found[1] if found else ""


def test_a_real_nagios_goes_critical_and_well_again_with_a_provider_and_unknown_with_the_daemon(
    tmp_path: Path,
) -> None:
    kit = need("nagios")
    database, folder = tmp_path / "healthmon.db", tmp_path / "nagios"
    folder.mkdir()
    said = ServiceStatus(folder)
    commands = (DOCS / "nagios.cfg").read_text().replace(INSTALLED, str(Path(sys.executable).with_name("healthmon")))
    process = None
    try:
        with closing(open_writer(database, now=time.time())) as writer:
            book(writer, Health.DOWN)
            process = nagios(kit, folder, commands, f"--database {database} --endpoint PJSIP/trunk")
            wait_for(lambda: said.value("current_state") == "2", 60)
            described, figures = said.value("plugin_output"), said.value("performance_data")
            book(writer, Health.UP)
            wait_for(lambda: said.value("current_state") == "0", 60)
            well = said.value("plugin_output")
        wait_for(lambda: said.value("current_state") == "3", 60)
        stopped = said.value("plugin_output")
    finally:
        if process is not None:
            process.close()

    assert described.startswith("HEALTHMON CRITICAL: provider PJSIP/trunk on office down since ")
    assert figures.split()[:2] == ["problems=1;0;;0;1", "down=1;;0;0;1"]
    assert well == "HEALTHMON OK: 0 of 1 down"
    assert stopped.startswith("HEALTHMON UNKNOWN: no daemon is running, known as of ")


def test_a_real_icinga_2_accepts_the_definition_of_the_docs_and_a_service_with_each_of_its_variables(
    tmp_path: Path,
) -> None:
    definition = (DOCS / "icinga2.conf").read_text()
    variables = re.findall(r"\$(healthmon_\w+)\$", definition)
    given = "".join(f'vars.{name} = "x"\n' for name in variables)
    host = f'object Host "office" {{\ncheck_command = "healthmon"\n{given}}}\n'

    said = icinga2_verdict(need("icinga2"), tmp_path, definition + host)

    assert "Finished validating the configuration file" in said
    assert "Instantiated 1 CheckCommand" in said
    options = {parameter.opts[-1] for parameter in check.command.params}
    assert {f"--{name.removeprefix('healthmon_')}" for name in variables} == options
