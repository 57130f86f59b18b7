"""The lab's other ways to be reached or to reach: TLS, a proxy, old channel drivers, a database, foreign programs."""

import socket
import threading

import pytest
import requests

from tests.lab.certs import Authority, Certificate
from tests.lab.endpoints import iax_peer, phone, sip_peer, trunk
from tests.lab.fixtures import Lab, need
from tests.lab.others import baresip, nginx, sipp_phone, sipp_provider
from tests.lab.pbxfiles import Options
from tests.lab.process import wait_until
from tests.lab.sip import Phone


def test_baresip_registers_and_answers_options(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", qualify_frequency=1))
    program = lab.add(baresip(need("baresip"), lab.folder("baresip"), pbx.sip, "101", "secret", address=lab.address()))
    pbx.wait_state("PJSIP/101", "online")

    program.stop()

    pbx.wait_state("PJSIP/101", "offline")


def test_sipp_answers_options_as_a_provider(lab: Lab) -> None:
    address = lab.address()
    pbx = lab.asterisk(trunk("trunk-a", f"sip:{address}:5060", qualify_frequency=1, qualify_timeout=0.5))
    assert pbx.endpoint_state("PJSIP/trunk-a") == "offline"

    program = lab.add(sipp_provider(need("sipp"), lab.folder("sipp"), address))
    pbx.wait_state("PJSIP/trunk-a", "online")
    program.kill()
    pbx.wait_state("PJSIP/trunk-a", "offline")


def test_sipp_registers_as_a_phone(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101", qualify_frequency=0))

    program = lab.add(sipp_phone(need("sipp"), lab.folder("sipp"), pbx.sip, "101", address=lab.address()))

    assert program.wait(10) == 0
    pbx.wait_state("PJSIP/101", "online")


@pytest.mark.lab
def test_chan_sip_peer_registers_and_vanishes(lab16: Lab) -> None:
    pbx = lab16.asterisk(sip_peer("201", qualify="500"))
    one = lab16.add(Phone(pbx.chan_sip, "201"))

    assert one.register() == 200
    pbx.wait_state("SIP/201", "online")
    one.vanish()
    pbx.wait_state("SIP/201", "offline")


def test_iax_peer_registers_and_vanishes(lab: Lab) -> None:
    pbx = lab.asterisk(iax_peer("branch", qualify="500"))
    branch = lab.asterisk(start=False)
    branch.append("iax.conf", f"register => branch:secret@{pbx.address}\n")
    branch.start()

    def peer_is(word: str) -> None:
        wait_until(lambda: word in pbx.cli("iax2 show peer branch"), 15, f"IAX2/branch {word}", every=0.1)

    peer_is("Status       : OK")
    assert pbx.endpoint_state("IAX2/branch") in {"online", "unknown"}
    branch.kill()
    pbx.wait_state("IAX2/branch", "offline", timeout=15)
    branch.start()
    pbx.wait_state("IAX2/branch", "online", timeout=15)


def test_phone_from_a_database_registers(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101"), options=Options(realtime=True), start=False)
    assert pbx.realtime is not None
    pbx.realtime.add_phone("301", qualify_frequency=1, qualify_timeout=0.5)
    pbx.start()
    stored, plain = lab.add(Phone(pbx.sip, "301")), lab.add(Phone(pbx.sip, "101"))

    assert [stored.register(), plain.register()] == [200, 200]
    pbx.wait_state("PJSIP/301", "online")
    pbx.wait_state("PJSIP/101", "online")
    stored.vanish()
    pbx.wait_state("PJSIP/301", "offline")


def test_certificates_good_and_bad(lab: Lab) -> None:
    authority = Authority(lab.folder("certificates"))
    address = lab.address()

    def ask(certificate: Certificate) -> int:
        pbx = lab.asterisk(options=Options(certificate=certificate.files), address=address)
        try:
            url = f"{pbx.https_url}/ari/asterisk/ping"
            return requests.get(url, auth=pbx.ari_auth, verify=str(authority.ca_file), timeout=5).status_code
        finally:
            pbx.kill()

    assert ask(authority.valid(address)) == 200
    assert ask(authority.ending(address)) == 200
    with pytest.raises(requests.exceptions.SSLError, match=r"doesn't match|not valid for|mismatch"):
        ask(authority.wrong_host())
    with pytest.raises(requests.exceptions.SSLError, match="expired"):
        ask(authority.expired(address))


def test_prefix_pretty_and_the_user_who_may_only_read(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101"), options=Options(prefix="pbx", pretty=True))

    answer = pbx.ari("GET", "/endpoints", auth=pbx.reader_auth)

    assert pbx.url.endswith("/pbx")
    assert "\n" in answer.text.strip()
    assert pbx.ari("POST", "/channels", auth=pbx.reader_auth).status_code == 403


def test_manager_interface_lets_its_user_in(lab: Lab) -> None:
    pbx = lab.asterisk()
    user, password = pbx.ami_auth

    with socket.create_connection(pbx.ami, timeout=5) as connection, connection.makefile("rw", newline="\r\n") as lines:
        banner = lines.readline()
        lines.write(f"Action: Login\nUsername: {user}\nSecret: {password}\n\n")
        lines.flush()
        answer = lines.readline()

    assert banner.startswith("Asterisk Call Manager/")
    assert answer.strip() == "Response: Success"


def test_nginx_in_front_of_asterisk(lab: Lab) -> None:
    pbx = lab.asterisk(phone("101"))
    address = lab.address()
    inside = f"location /office/ {{ proxy_pass {pbx.url}/; proxy_read_timeout 2s; }}"
    proxy = lab.add(nginx(need("nginx"), lab.folder("nginx"), (address, 8080), inside))

    def status() -> int:
        try:
            return requests.get(f"http://{address}:8080/office/ari/endpoints", auth=pbx.ari_auth, timeout=5).status_code
        except requests.ConnectionError:
            return 0

    proxy.wait_ready(lambda: status() == 200, 10, "ARI behind nginx")
    pbx.kill()
    assert status() == 502


def test_several_side_by_side(lab: Lab) -> None:
    begun = [lab.asterisk(phone("101"), start=False).start(wait=False) for _ in range(4)]

    for pbx in begun:
        pbx.wait_ready()

    assert len({pbx.address for pbx in begun}) == 4
    assert all(pbx.endpoint_state("PJSIP/101") == "offline" for pbx in begun)


def test_asterisk_ends_with_the_thread_that_started_it(lab: Lab) -> None:
    pbx = lab.asterisk(start=False)
    starter = threading.Thread(target=pbx.start)
    starter.start()

    starter.join()

    wait_until(lambda: not pbx.is_running, 5, "Asterisk ended")
