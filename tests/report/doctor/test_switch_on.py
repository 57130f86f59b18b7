"""What is to be switched on, by where a PBX is reached."""

from __future__ import annotations

import pytest

from healthmon.report.doctor.switch_on import http_server, manager_url, manager_user, url_over_tls


@pytest.mark.parametrize(
    ("url", "lines"),
    [
        ("http://127.0.0.1:8088", ("bindaddr = 127.0.0.1", "bindport = 8088")),
        ("http://localhost:8088/pbx", ("bindaddr = 127.0.0.1", "bindport = 8088", "prefix = pbx")),
        ("http://pbx.example", ("bindaddr = 0.0.0.0", "bindport = 80")),
        ("https://10.0.0.5:8089", ("bindaddr = 127.0.0.1", "tlsenable = yes", "tlsbindaddr = 10.0.0.5:8089")),
        ("https://[fd00::5]", ("bindaddr = 127.0.0.1", "tlsenable = yes", "tlsbindaddr = [fd00::5]:443")),
    ],
)
def test_asterisk_listens_where_the_url_leads(url: str, lines: tuple[str, ...]) -> None:
    said = http_server(url).lines

    assert said[:2] == ("[general]", "enabled = yes")
    assert tuple(line for line in said[2:] if not line.startswith("tlscertfile")) == lines


@pytest.mark.parametrize(
    ("url", "ami"),
    [
        ("http://127.0.0.1:8088", "tcp://127.0.0.1:5038"),
        ("http://localhost:8088", "tcp://localhost:5038"),
        ("http://[::1]:8088", "tcp://[::1]:5038"),
        ("https://pbx.example/pbx", "tls://pbx.example:5039"),
    ],
)
def test_a_manager_elsewhere_is_asked_over_tls_only(url: str, ami: str) -> None:
    assert manager_url(url) == ami


@pytest.mark.parametrize(
    ("url", "over_tls"),
    [
        ("http://10.0.0.5:8088", "https://10.0.0.5:8089"),
        ("http://pbx.example:8088/pbx/", "https://pbx.example:8089/pbx"),
        ("http://[fd00::5]:8088", "https://[fd00::5]:8089"),
    ],
)
def test_over_tls_a_pbx_keeps_its_host_and_its_prefix(url: str, over_tls: str) -> None:
    assert url_over_tls(url) == over_tls


def test_a_manager_admits_this_machine_alone_with_the_least_rights() -> None:
    here, there, web = (
        manager_user("me", ami).lines for ami in ("tcp://127.0.0.1:5038", "tls://pbx.example:5039", "http")
    )

    assert "permit = 127.0.0.0/255.0.0.0" in here
    assert {"bindaddr = 127.0.0.1", "port = 5038", "[me]", "read = system", "write = reporting"} < set(here)
    assert {"tlsenable = yes", "tlsbindaddr = 0.0.0.0:5039"} < set(there)
    assert any(line.startswith("permit = 192.0.2.7/") for line in there)
    assert "webenabled = yes" in web
