"""A SIP provider that answers as a test tells it to."""

import uuid

from .siploop import SipLoop
from .sipmessages import Message, digest_fields, digest_response, response
from .sippeer import Peer


class Provider(Peer):
    """A SIP provider: answers OPTIONS, REGISTER and INVITE as told; at first all with 200 and without a password."""

    def __init__(
        self,
        address: str | None = None,
        port: int = 5060,
        *,
        loop: SipLoop | None = None,
        loss: float = 0,
        seed: int = 1,
    ) -> None:
        super().__init__(address, port, loop=loop, loss=loss, seed=seed)
        #: When set, a REGISTER is challenged and must prove that it knows this password.
        self.password: str | None = None

    def _answer_to(self, request: Message, code: int) -> bytes:
        if request.method != "REGISTER":
            return super()._answer_to(request, code)
        if code == 401 or (code == 200 and not self._proves_password(request)):
            challenge = f'Digest realm="provider", nonce="{uuid.uuid4().hex}", algorithm=MD5'
            return response(request, 401, [("WWW-Authenticate", challenge)])
        expires = [("Contact", request.first("contact")), ("Expires", request.first("expires") or "60")]
        return response(request, code, expires if code == 200 else [])

    def _proves_password(self, request: Message) -> bool:
        if self.password is None:
            return True
        fields = digest_fields(request.first("authorization"))
        return "response" in fields and fields["response"] == digest_response(fields, "REGISTER", self.password)
