"""The nginx of docs/web.md, Debian's own, in front of the web process: TLS, and cookies that stay on it."""

from __future__ import annotations

import re
from pathlib import Path

import requests

from healthmon.config.sections.web import WebConfig
from tests.browser.served import Served
from tests.docs.documents import DOCUMENTS
from tests.lab.certs import Authority
from tests.lab.fixtures import Lab, need
from tests.lab.others import nginx
from tests.publish.guests import PASSWORD, field_of, guests
from tests.report.builder import connection, provider, running

[PAGE] = [path for path in DOCUMENTS if path.name == "web.md"]
WEB = WebConfig(names=("monitor.example.org",), trusted_proxy=("127.0.0.1/32",))


def test_the_proxy_of_the_documentation_does_tls(lab22: Lab, tmp_path: Path) -> None:
    address, path = lab22.address(), tmp_path / "h.db"
    authority = Authority(lab22.folder("ca"))
    certificate, key = authority.valid(address).files
    [block] = re.findall(r"```nginx\nserver \{\n(.*?)\n\}\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    with running(path, [connection(), provider("trunk")]), Served(path, guests=guests(WEB)) as web:
        inside = (
            block.replace("listen 443 ssl", f"listen {address}:8443 ssl")
            .replace("/etc/ssl/monitor.example.org.pem", str(certificate))
            .replace("/etc/ssl/monitor.example.org.key", str(key))
            .replace("127.0.0.1:8089", f"127.0.0.1:{web.port}")
        )
        proxy = lab22.add(nginx(need("nginx"), lab22.folder("nginx"), (address, 8080), inside))
        url = f"https://{address}:8443"
        with requests.Session() as person:
            # Variables of the environment name other authorities.
            person.trust_env = False
            person.verify, person.headers["Host"] = str(authority.ca_file), "monitor.example.org"
            proxy.wait_ready(lambda: answers(person, url), 30, "the web process behind nginx")
            first = person.get(f"{url}/targets", headers={"X-Remote-User": "anna"})
            data = {"form_token": field_of(first.text), "name": "anna", "password": PASSWORD, "next": "/targets"}
            logged_in = person.post(f"{url}/login", data=data, allow_redirects=False)
            page = person.get(f"{url}/targets")

    # The header of a stranger goes no further than the proxy.
    assert first.url == f"{url}/login?next=%2Ftargets"
    assert (logged_in.status_code, logged_in.headers["Location"]) == (303, "/targets")
    assert "; Secure; HttpOnly; " in logged_in.headers["Set-Cookie"]
    assert "trunk" in page.text


def answers(person: requests.Session, url: str) -> bool:
    """Whether the proxy, and the web process behind it, answer."""
    try:
        return person.get(f"{url}/livez").status_code == 200
    except requests.ConnectionError:
        return False
