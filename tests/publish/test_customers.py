"""A customer sees only what is his: every route there is, asked as one customer for things of another."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from werkzeug.routing import Rule

from healthmon.config.loading.web_settings import load_web_settings
from healthmon.errors import ConfigError
from healthmon.report.availability.file_forms import FILE_FORMS
from healthmon.store.read.meters import Meters
from healthmon.store.read.queries import Reader
from healthmon.store.read.scoped import ScopedMeters, ScopedReader
from tests.publish.guests import field_of, log_in
from tests.publish.scene import Site
from tests.publish.two_customers import (
    ACME,
    ALL,
    CONFIGURATION,
    FOREIGN,
    OF_ACME,
    OF_BOTH,
    OF_ZETA,
    PHONES,
    ZETA,
    two_customers,
)

#: By the parameters of addresses: what of zeta's, or of both customers', is asked for. A route with another parameter
#: fails here until somebody says what is another customer's there.
FOREIGN_VALUES: dict[tuple[str, ...], list[dict[str, object]]] = {
    (): [{}],
    ("number",): [{"number": number} for number in (*OF_ZETA, *OF_BOTH)],
    ("name",): [
        {"name": name}
        for name in (
            *("zetapbx", "zetapbx:PJSIP/zetatrunk", "hub:PJSIP/zeta1", "zeta1", "PJSIP/zeta*", "*", "ZETA1", "hub"),
            *("hub:site 203.0.113.7", "zeta", "Zeta's reception", "receiver zetareceiver/1", "page.css"),
        )
    ],
    ("endpoint", "pbx"): [
        {"pbx": pbx, "endpoint": name} for pbx, name in (("zetapbx", "PJSIP/zetatrunk"), ("hub", "PJSIP/zeta1"))
    ],
    ("form",): [{"form": form} for form in FILE_FORMS],
}
#: What is asked for besides; the words are taken out of the answers before these are looked at.
QUERIES: dict[str, list[str]] = {
    "pages.targets": ["search=zeta", "pbx=zetapbx", "pbx=hub", "site=zetahouse", "state=down", "sort=name"],
    "pages.incidents": ["open=1", "days=30"],
    "pages.silences": ["match=zetapbx"],
    "api.targets": ["search=zeta", "pbx=zetapbx", "watch=zeta-phones", "limit=5000"],
    "api.incidents": ["open=1", "since=30d"],
    "api.changes": ["since=nothing"],
    # Each is a process of its own.
    "reports.as_json": ["endpoint=zeta1", "by=site&range=30d"],
}
#: What is sent where something is changed.
SENT: dict[str, list[dict[str, Any]]] = {
    "orders_api.silence": [
        {"json": {"match": [word], "for": "1h"}}
        for word in ("all", "zetapbx", "zeta1", "hub:PJSIP/zeta1", "hub", "PJSIP/*", "kind=phone", "site=203.0.113.7")
    ],
    "forms.silence": [{"data": {"match": "zetapbx", "for": "1h"}}, {"data": {"match": "kind=phone", "for": "1h"}}],
}
#: What is asked for there.
WORDS = {query.rpartition("=")[2] for queries in QUERIES.values() for query in queries}
#: What is said of everything, whoever asks.
OF_NOBODY = {"pages.asset", "description.openapi", "login.ask", "login.enter", "login.leave"}


def asked(rule: Rule) -> Iterator[str]:
    """All addresses of a route with things of zeta's."""
    names = tuple(sorted(rule.arguments))
    for values in FOREIGN_VALUES[names]:
        built = rule.build(values)
        assert built is not None
        for query in ["", *QUERIES.get(rule.endpoint, [])]:
            yield f"{built[1]}?{query}".removesuffix("?")


def token(word: str) -> dict[str, Any]:
    """How a program says who it is."""
    return {"Authorization": f"Bearer {word}"}


def everything(web: Site, rule: Rule, method: str, who: str) -> Iterator[tuple[str, int, str]]:
    """Ask a route for all of it; yield what was asked, the status, and the answer without what was asked for."""
    for path in asked(rule):
        for sent in SENT.get(rule.endpoint, [{}]):
            answer = web.ask(method, path, sent=sent, **token(who))
            yield f"{method} {path} {sent}", answer.status_code, without_the_question(answer.text, path)


def without_the_question(text: str, path: str) -> str:
    """What was asked for stands in the sentence that there is none, in a field to search by, and in other addresses."""
    text, asked_for = unescape(text).lower(), unquote(path).lower()
    names = {str(word).lower() for values in FOREIGN_VALUES["name",] for word in values.values()}
    # The longest first: one is a part of another.
    for word in sorted(names | WORDS, key=len, reverse=True):
        if word in asked_for:
            text = text.replace(f"{word}: nothing of this name was ever watched", "")
            for around in ('value="{}"', "={}&", '={}"', "endpoint {} matches nothing"):
                text = text.replace(around.format(word), "")
    return text


def rules(web: Site) -> Iterator[tuple[Rule, str]]:
    """All routes, with each of their methods."""
    for rule in web.client.application.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


@pytest.mark.parametrize("path", ["/api/v1/status", "/targets"])
def test_what_one_has_is_never_what_another_has(path: str, tmp_path: Path) -> None:
    with two_customers(tmp_path) as web:
        marks = {who: web.ask("GET", path, **token(who)).headers["ETag"] for who in (ACME, PHONES)}
        own = [web.ask("GET", path, If_None_Match=marks[who], **token(who)).status_code for who in marks]
        other = web.ask("GET", path, If_None_Match=marks[ACME], **token(PHONES))

    assert own == [304, 304]
    assert (other.status_code, other.headers["ETag"]) == (200, marks[PHONES])


@pytest.mark.parametrize("who", [ACME, PHONES])
def test_no_route_tells_a_customer_anything_of_another(who: str, tmp_path: Path) -> None:
    with two_customers(tmp_path) as web:
        answers = [
            (rule.endpoint, *answer)
            for rule, method in rules(web)
            if rule.endpoint not in OF_NOBODY
            for answer in everything(web, rule, method, who)
        ]

    assert len({endpoint for endpoint, *_ in answers}) > 20
    told = {question: text for _, question, _, text in answers if FOREIGN in text}
    assert not told, next(iter(told.items()))
    assert {status for *_, status, _ in answers} <= {200, 303, 400, 403, 404}


def test_whoever_sees_everything_is_told_of_both_by_the_same_routes(tmp_path: Path) -> None:
    with two_customers(tmp_path) as web:
        telling = {
            rule.endpoint
            for rule, method in rules(web)
            if method == "GET" and rule.endpoint not in OF_NOBODY | {"pages.settings"}
            if any(FOREIGN in text for _, _, text in everything(web, rule, method, ALL))
        }

    assert telling >= {
        *("pages.overview", "pages.targets", "pages.target", "pages.incidents", "pages.incident", "pages.silences"),
        *("pages.wall", "pages.report", "api.status", "api.targets", "api.target", "api.incidents", "api.incident"),
        *("api.changes", "api.silences", "metrics.metrics", "reports.document", "reports.download", "reports.as_json"),
    }


def test_a_customer_sees_what_is_his(tmp_path: Path) -> None:
    with two_customers(tmp_path) as web:
        status = web.ask("GET", "/api/v1/status", **token(ACME)).json
        incidents = web.ask("GET", "/api/v1/incidents?since=30d", **token(ACME)).json
        stories = {number: web.ask("GET", f"/api/v1/incidents/{number}", **token(ACME)) for number in (*OF_ACME, 5, 6)}
        silences = web.ask("GET", "/api/v1/silences", **token(ACME)).json
        report = web.ask("GET", "/api/v1/report", **token(ACME)).json
        page = web.ask("GET", "/targets/hub:PJSIP/acme1", **token(ACME)).text
        word = web.ask("GET", "/api/v1/state/hub/PJSIP/acme1", **token(ACME)).text
        strange = web.ask("GET", "/api/v1/state/hub/PJSIP/zeta1", **token(ACME)).text

    assert status is not None
    assert incidents is not None
    assert silences is not None
    assert report is not None
    seen = {"acme1", "acme2", "trunk"}
    assert {target["endpoint"] for target in status["targets"]} == {f"PJSIP/{name}" for name in seen}
    assert {incident["id"] for incident in incidents} == set(OF_ACME)
    assert {number: story.status_code for number, story in stories.items()} == {
        **dict.fromkeys(OF_ACME, 200),
        **dict.fromkeys(OF_BOTH, 404),
    }
    assert "told to somebody" in stories[1].text
    assert [silence["by"] for silence in silences] == ["amy"]
    assert {target["endpoint"] for target in report["targets"]} == {"", *(f"PJSIP/{name}" for name in seen)}
    assert "Reception" in page
    assert (word, strange) == ("down", "unwatched")


def test_of_a_pbx_that_is_shared_only_its_state_is_seen_and_one_s_own_phones_are_counted(tmp_path: Path) -> None:
    with two_customers(tmp_path) as web:
        status = web.ask("GET", "/api/v1/status", **token(ACME)).json
        whole = web.ask("GET", "/api/v1/status", **token(ALL)).json

    assert status is not None
    assert whole is not None
    hub = next(pbx for pbx in status["pbxs"] if pbx["name"] == "hub")
    assert (hub["state"], hub["reason"], hub["incident"]) == ("degraded", "", None)
    assert (hub["endpoints"]["up"], hub["endpoints"]["down"]) == (1, 1)
    assert next(pbx for pbx in whole["pbxs"] if pbx["name"] == "hub")["endpoints"]["down"] == 2


def test_what_is_kept_of_a_page_is_shown_to_nobody_who_may_not_see_it(tmp_path: Path) -> None:
    with two_customers(tmp_path) as web:
        texts = {}
        for who in (ALL, ACME, ZETA, PHONES, ALL):
            page = web.ask("GET", "/targets", **token(who))
            texts[who] = page.text
            # Nor is one told that what another has is what there is.
            again = web.ask("GET", "/targets", **token(ACME), If_None_Match=page.headers["ETag"])
            assert again.status_code == (304 if who == ACME else 200)

    assert {who: ("acme2" in text, "zeta2" in text) for who, text in texts.items()} == {
        ALL: (True, True),
        ACME: (True, False),
        ZETA: (False, True),
        PHONES: (True, False),
    }


def test_who_follows_changes_learns_of_nobody_else_s(tmp_path: Path) -> None:
    with two_customers(tmp_path) as web:
        first = web.ask("GET", "/api/v1/changes", **token(ACME)).json
        assert first is not None
        later = web.ask("GET", f"/api/v1/changes?since={first['revision']}", **token(ACME)).json

    assert later is not None
    assert (first["complete"], later["complete"], later["gone"]) == (True, False, [])


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["acme"], 201),
        (["pbx=acme", "kind=phone"], 201),
        (["watch=acme-phones"], 201),
        (["hub:PJSIP/acme1"], 201),
        (["acme:PJSIP/*"], 201),
        (["hub"], 403),
        (["hub:PJSIP/acme*"], 403),
        (["watch=*"], 403),
        (["all"], 403),
    ],
)
def test_a_customer_silences_what_is_his_alone(words: list[str], status: int, tmp_path: Path) -> None:
    with two_customers(tmp_path) as web:
        answer = web.ask("POST", "/api/v1/silences", sent={"json": {"match": words, "for": "1h"}}, **token(ACME))

    assert answer.status_code == status, answer.text


def test_a_customer_ends_and_acknowledges_what_is_his_alone(tmp_path: Path) -> None:
    with two_customers(tmp_path) as web:
        acked = {
            number: web.ask("POST", f"/api/v1/incidents/{number}/ack", **token(ACME)).status_code
            for number in (1, 2, 3, 4, 5, 6)
        }
        ended = {
            number: web.ask("DELETE", f"/api/v1/silences/{number}", **token(ACME)).status_code
            for number in (1, 2, 3, 4)
        }

    assert acked == {1: 200, 2: 200, 3: 404, 4: 404, 5: 404, 6: 404}
    assert ended == {1: 404, 2: 404, 3: 404, 4: 200}


def test_who_logs_in_sees_what_is_his_too(tmp_path: Path) -> None:
    with two_customers(tmp_path) as web:
        log_in(web, "amy")
        page = web.get("/")[1]
        settings = web.ask("GET", "/settings")
        field = field_of(web.get("/silences")[1])
        refused = web.ask("POST", "/incidents/4/ack", sent={"data": {"form_token": field}})

    assert "trunk" in page
    assert FOREIGN not in page.lower()
    assert (settings.status_code, refused.status_code) == (403, 404)


def test_each_question_to_the_database_is_answered_for_a_scope_or_is_about_what_was_found_before() -> None:
    # Asked about a target or incident that was found, or used to work out figures, or of the daemon alone.
    of_what_was_found = {"places", "measured_of", "life", "last_changes", "history_of", "with_unseen"}
    for_figures = {"silences_within", "last_places", "names", "newest_measured", "with_outbound_auth", "settings"}
    for_figures |= {"unknown_of_pbxs", "left_out", "lasting", "freshness", "daemon"}
    nobody_asks_over_http = {"history", "newest_reports"}
    theirs = {"give_up_after", "end", "close", "path"}
    known = of_what_was_found | for_figures | nobody_asks_over_http | theirs
    questions = {name for name in vars(Reader) if not name.startswith("_")}

    assert questions - set(vars(ScopedReader)) - known == set()
    by_number = {name for name in vars(Meters) if not name.startswith("_")} - set(vars(ScopedMeters))
    # ``watched_of_kind`` asks ``of_target`` for each.
    assert {"watched", "watched_beside", "of_target"} & by_number == set()


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("customer = zeta\n[watch rest]", "custmer = zeta\n[watch rest]"),
        ("[watch zeta-phones]", "[wach zeta-phones]"),
        ("[watch zeta-phones]", "[watch zeta-phones"),
    ],
)
def test_where_a_mistake_could_show_somebody_what_is_another_s_nobody_is_answered(
    line: str, instead: str, tmp_path: Path
) -> None:
    config = tmp_path / "h.ini"
    config.write_text(CONFIGURATION.replace(line, instead))
    assert instead in config.read_text()

    with pytest.raises(ConfigError):
        load_web_settings(config, {})
