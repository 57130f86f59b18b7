"""A manager interface that somebody asks once: where nothing answers it is looked what else may listen there."""

from __future__ import annotations

from contextlib import closing

from healthmon.ami.client import AmiClient
from healthmon.ami.connection import no_manager, open_socket
from healthmon.ami.failures import talking_to
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.urls import THROUGH_HTTP
from healthmon.errors import AmiError, AmiUnreachable, Trouble

#: A web server says nothing by itself.
_REQUEST = b"GET / HTTP/1.0\r\n\r\n"
_ANSWER = b"HTTP/"
#: … and answers at once, if it is one (seconds).
_ANSWERS_WITHIN = 1.0
OR_SOMETHING_ELSE = "{what}; or what listens there is no manager interface"


def client_for_one_look(pbx: PbxConfig, *, timeout: float = 5.0) -> AmiClient:
    """Log in. Raises AmiError, which also says that a port is the wrong one, as far as that can be seen.

    A person waits: where nothing answers that is said after ``timeout``, and the look at what else may listen there is
    within that time.
    """
    try:
        return AmiClient(pbx, timeout=max(timeout - _ANSWERS_WITHIN, timeout / 2))
    except AmiError as error:
        raise with_what_listens(pbx, error) from None


def with_what_listens(pbx: PbxConfig, error: AmiError) -> AmiError:
    """Say what it is that did not answer, if it can be seen; else return the same error.

    Not for each of many attempts: what is sent to see it is a malformed request to an Asterisk that is frozen.
    """
    if error.trouble is not Trouble.TIMED_OUT or pbx.ami == THROUGH_HTTP:
        return error
    try:
        answer = _answer_to_http(pbx)
    except AmiError:
        return error
    if answer is None:
        return AmiUnreachable(pbx.name, OR_SOMETHING_ELSE.format(what=error.what), error.trouble)
    if answer.startswith(_ANSWER):
        return no_manager(pbx, answer.partition(b"\n")[0])
    return error


def _answer_to_http(pbx: PbxConfig) -> bytes | None:
    """What is answered there to a web browser; None: nothing is. Raises AmiError."""
    with (
        closing(open_socket(pbx, timeout=_ANSWERS_WITHIN)) as opened,
        talking_to(pbx, timeout=_ANSWERS_WITHIN),
    ):
        opened.settimeout(_ANSWERS_WITHIN)
        opened.sendall(_REQUEST)
        try:
            return opened.recv(1000)
        except TimeoutError:
            return None
