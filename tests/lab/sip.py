"""SIP peers under a test's exact control: phones that register, providers that answer as told.

All of them share one thread; a hundred phones cost a hundred sockets and nothing else.

    phone = Phone(pbx.sip, "101")          provider = Provider("127.7.1.9")
    phone.register()                       provider.answer("OPTIONS", 503)
    phone.vanish()                         provider.ignore("REGISTER")
"""

from .phones import Phone, PhoneFarm
from .provider import Provider
from .siploop import SipLoop
from .sippeer import Answer, Peer

__all__ = ["Answer", "Peer", "Phone", "PhoneFarm", "Provider", "SipLoop"]
