"""The web process: its main thread follows the database, others answer over HTTP.

It is a process of its own, so that whoever asks costs the engine nothing, and what becomes of it ends nothing else.
"""

from __future__ import annotations

import logging
import os
import resource
import time
from contextlib import closing
from typing import TYPE_CHECKING, cast

from flask import Flask
from waitress.channel import HTTPChannel
from waitress.server import create_server

from healthmon.app import signals
from healthmon.app.own_program import own_program
from healthmon.app.threads import started
from healthmon.config.loading.web_settings import WebSettings
from healthmon.config.values import OwnAddress, url_of
from healthmon.errors import HealthmonError
from healthmon.publish.web.access.access import Access, Guests
from healthmon.publish.web.access.kept import SessionFiles
from healthmon.publish.web.application import application
from healthmon.publish.web.commands import Programs
from healthmon.publish.web.live import Live
from healthmon.store.read.follower import Watcher

if TYPE_CHECKING:
    from waitress.server import BaseWSGIServer

log = logging.getLogger(__name__)

#: How often the main thread looks whether somebody has written (seconds).
LOOK_EVERY = 0.25
#: So many requests are answered at once; each takes milliseconds. Up to 14 are log-ins that are tried or wait, so that
#: two threads are always free (publish/web/access/access.py).
THREADS = 16
#: So many connections may be open, where so many files may be: who holds as many keeps all others out.
CONNECTIONS = 2000
#: Files that are no connections: the database, the log, what Python loads.
OTHER_FILES = 64
#: A connection that does nothing is closed after so long (seconds).
IDLE_FOR = 30
#: Nobody has to send more to be answered (bytes).
LARGEST_REQUEST = 16_384
#: So much of what somebody does not read is kept (bytes; beyond a MiB on the disk). No thread waits until it is read:
#: after IDLE_FOR the connection is closed.
LARGEST_ANSWER = 1 << 30


class OneQuestion(HTTPChannel):
    """A connection that answers one request at a time: who sends several at once gets the first answer alone.

    Else whoever sends hundreds, and reads nothing, has all of them answered.
    """

    def service(self) -> None:
        """Answer."""
        # What waitress has of it is not in its types.
        with self.requests_lock:  # type: ignore[attr-defined]
            first, *others = self.requests
            if others:
                self.requests = [first]
                first.headers = {**first.headers, "CONNECTION": "close"}
        super().service()


class CannotListen(HealthmonError):
    """The address cannot be had."""


def serve(settings: WebSettings, listen: OwnAddress, *, ends_with: str) -> None:
    """Answer until told to stop, or until the process of this number has ended, if any. Raises HealthmonError."""
    signals.hold()
    # It has a line for each asker that hangs up.
    logging.getLogger("waitress").setLevel(logging.ERROR)
    with Watcher(settings.where.database) as watcher:
        live = Live(watcher, settings.where.names, time.time)
        live.look()
        where = settings.where
        commands = Programs(own_program(settings.path))
        app = application(
            live,
            settings.plans,
            where.timezone,
            commands,
            Access(
                Guests(settings.web, settings.users, settings.tokens, settings.customers),
                files=SessionFiles(where.database.with_name(f"{where.database.name}-sessions"), time.time),
            ),
            has_phones=settings.web.metrics_of_phones,
            spoken=settings.language,
            for_everybody=settings.public,
        )
        try:
            server = server_of(app, listen.address, listen.port)
        except OSError as error:
            raise CannotListen(f"cannot answer on {url_of(listen)}: {error.strerror}") from error
        with closing(server), closing(commands):
            answering = started(server.run, "answering")
            log.info("answers on %s", url_of(listen))
            while answering.is_alive() and signals.wait(0) is None:
                live.answer(LOOK_EVERY)
                if ends_with and str(os.getppid()) != ends_with:
                    log.info("the daemon has ended, and so does this process")
                    return
                live.look()


def server_of(app: Flask, address: str, port: int) -> BaseWSGIServer:
    """Listen; it answers once somebody runs it. Raises OSError."""
    # An address alone, and no name, has one server.
    server = cast(
        "BaseWSGIServer",
        create_server(
            app,
            host=address,
            port=port,
            threads=THREADS,
            connection_limit=most_connections(),
            channel_timeout=IDLE_FOR,
            max_request_header_size=LARGEST_REQUEST,
            max_request_body_size=LARGEST_REQUEST,
            outbuf_high_watermark=LARGEST_ANSWER,
            asyncore_use_poll=True,
            # Whose headers of a proxy are believed, publish/web/access/peer.py says.
            clear_untrusted_proxy_headers=False,
            ident="healthmon",
        ),
    )
    server.channel_class = OneQuestion
    accept_all_that_wait(server)
    return server


def accept_all_that_wait(server: BaseWSGIServer) -> None:
    """Have a turn of waitress' loop take every connection that waits, as far as there may be more.

    It takes one in each, and each goes through all connections: whoever comes behind a thousand waits for seconds.
    """
    accept_next = server.handle_accept
    # Its types have one connection where it has all of them, by their numbers.
    connections = cast("dict[int, HTTPChannel]", server.active_channels)

    def accept_all() -> None:
        before = -1
        while before < len(connections) < server.adj.connection_limit:
            before = len(connections)
            accept_next()

    server.handle_accept = accept_all  # type: ignore[method-assign]


def most_connections() -> int:
    """How many connections may be open. As many files as the system lets us have are asked for."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return CONNECTIONS
    return max(min(CONNECTIONS, hard - OTHER_FILES), 1)
