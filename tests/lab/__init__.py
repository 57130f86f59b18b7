"""The lab: a real Asterisk 22 and 16 and SIP peers, on loopback addresses, without root.

`make lab` (python -m tests.lab fetch) gets the programs into the user's cache folder; tests use them from there.

    def test_a_dead_phone_is_noticed(lab):                # on 22 and on 16; lab22, lab16: on one of them
        pbx = lab.asterisk(phone("101"), trunk("trunk-a", "sip:127.9.1.7:5060"))
        one = lab.add(Phone(pbx.sip, "101"))              # ends with the test
        one.register()
        pbx.wait_state("PJSIP/101", "online")
        one.vanish()

endpoints.py  what an Asterisk's configuration says of phones and trunks: phone, trunk, sip_peer, iax_peer
asterisk.py   start, stop, kill, freeze, thaw, restart, reload, add_endpoint, cli, ari, wait_state
pbxfiles.py   Options: prefix, TLS, pretty, write time-out, endpoints from a database
sip.py        Phone, PhoneFarm, Provider: peers that do exactly as told, and lose packets on request
others.py     baresip, sipp, nginx, faketime: programs that we did not write
certs.py      certificates that are good, expired, about to end, or of a wrong host
packages.py   where the programs come from; kits.py lists them
"""
