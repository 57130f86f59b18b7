"""``/metrics``, as Prometheus' own parser reads it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from healthmon.model import Check, Freshness, Health, Workload
from tests.publish.scene import opened, site
from tests.report.builder import (
    HOUR,
    NOW,
    connection,
    fail_to_tell,
    outage,
    phone,
    provider,
    running,
)

DOCS = Path(__file__).parents[2] / "docs"
DOWN = Health.DOWN

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    """All samples, by their names and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    """One of them; None: there is none."""
    return found.get((name, frozenset(labels.items())))


def test_states_counts_incidents_and_times_are_there(tmp_path: Path) -> None:
    trunk = provider("trunk", DOWN)
    states = [connection(), trunk, phone("101"), phone("102", DOWN), phone("103", DOWN, ever_up=False)]
    incidents = [outage(1, trunk, NOW - HOUR, explained_by=2), outage(2, phone("102"), NOW - HOUR, NOW - 60)]
    with site(tmp_path / "h.db", states, incidents=incidents) as web:
        code, text = web.get("/metrics")

    found = samples(text)
    assert code == 200
    assert value(found, "healthmon_up") == 1
    assert value(found, "healthmon_alive_timestamp_seconds") == NOW - 3
    assert value(found, "healthmon_pbx_state", pbx="office", state="up") == 1
    assert value(found, "healthmon_pbx_state", pbx="office", state="down") == 0
    assert value(found, "healthmon_pbx_last_snapshot_timestamp_seconds", pbx="office") == NOW - 41
    assert value(found, "healthmon_endpoints", pbx="office", kind="phone", state="down") == 1
    assert value(found, "healthmon_endpoints", pbx="office", kind="phone", state="unused") == 1
    assert value(found, "healthmon_incidents_open", kind="provider", explained="false") == 1
    assert value(found, "healthmon_incidents_total") == 2


def test_each_provider_has_its_series_and_each_phone_only_where_that_is_wanted(tmp_path: Path) -> None:
    about = {"pbx": "office", "endpoint": "PJSIP/101", "kind": "phone", "watch": "phones"}
    states = [connection(), provider("trunk", DOWN), phone("101")]
    with site(tmp_path / "a.db", states) as web:
        without = samples(web.get("/metrics")[1])
    with site(tmp_path / "b.db", states, shown={"has_phones": True}) as web:
        with_phones = samples(web.get("/metrics")[1])

    trunk = {"pbx": "office", "endpoint": "PJSIP/trunk", "kind": "provider", "watch": "providers"}
    assert value(without, "healthmon_endpoint_state", **trunk, state="down") == 1
    assert value(without, "healthmon_endpoint_state", **about, state="up") is None
    assert value(with_phones, "healthmon_endpoint_state", **about, state="up") == 1


def test_each_check_has_a_series_and_what_is_silenced_says_so(tmp_path: Path) -> None:
    reachable = provider("trunk")
    rejected = replace(reachable, check=Check.REGISTRATION, belief=DOWN, reason="Rejected")
    muted = outage(1, rejected, NOW - HOUR, muted_by="silence 3")
    with site(tmp_path / "h.db", [connection(), reachable, rejected], incidents=[muted]) as web:
        found = samples(web.get("/metrics")[1])

    trunk = {"pbx": "office", "endpoint": "PJSIP/trunk", "kind": "provider", "watch": "providers"}
    assert value(found, "healthmon_check_state", **trunk, check="registration", state="down") == 1
    assert value(found, "healthmon_check_state", **trunk, check="reachability", state="up") == 1
    assert value(found, "healthmon_endpoint_state", **trunk, state="down") == 1
    assert value(found, "healthmon_endpoint_muted", **trunk) == 1


def test_a_receiver_that_takes_nothing_is_there_with_what_waits(tmp_path: Path) -> None:
    path, trunk = tmp_path / "h.db", provider("trunk", DOWN)
    fail_to_tell(path, outage(1, trunk, NOW - HOUR), "oncall/mail", NOW - 60)
    with site(path, [connection(), trunk]) as web:
        found = samples(web.get("/metrics")[1])

    assert value(found, "healthmon_receiver_failing", receiver="oncall/mail") == 1
    assert value(found, "healthmon_receiver_messages_waiting", receiver="oncall/mail") == 1


def test_what_the_engine_and_each_pbx_had_to_do_is_counted(tmp_path: Path) -> None:
    fresh = Freshness("office", NOW - 4, NOW - 41, NOW - 4, events=4711, streams=3, dropped=2)
    with running(tmp_path / "h.db", [connection()], fresh=[fresh]) as writer:
        writer.alive(NOW - 2, [fresh], Workload(5, 17, 12, 0.75, {0.001: 3, 0.1: 11}))
        with opened(tmp_path / "h.db") as web:
            found = samples(web.get("/metrics")[1])

    assert value(found, "healthmon_pbx_events_total", pbx="office") == 4711
    assert value(found, "healthmon_pbx_event_streams_total", pbx="office") == 3
    assert value(found, "healthmon_pbx_sightings_dropped_total", pbx="office") == 2
    assert value(found, "healthmon_queue_sightings") == 5
    assert value(found, "healthmon_queue_sightings_most") == 17
    within = {le: value(found, "healthmon_commit_duration_seconds_bucket", le=le) for le in ("0.001", "0.1", "+Inf")}
    assert within == {"0.001": 3, "0.1": 11, "+Inf": 12}
    assert value(found, "healthmon_commit_duration_seconds_sum") == 0.75


def test_names_of_strangers_stay_within_their_labels(tmp_path: Path) -> None:
    odd = provider('a"} 1\nhealthmon_up 0 \\')
    with site(tmp_path / "h.db", [connection(), odd]) as web:
        found = samples(web.get("/metrics")[1])

    assert value(found, "healthmon_up") == 1
    names = {dict(labels).get("endpoint") for _, labels in found}
    assert odd.target.endpoint in names


def test_every_metric_is_documented_and_the_docs_dashboard_and_rules_use_no_others(tmp_path: Path) -> None:
    trunk = provider("trunk", DOWN)
    path = tmp_path / "h.db"
    fail_to_tell(path, outage(1, trunk, NOW - HOUR), "oncall/mail", NOW - 60)
    with site(path, [connection(), trunk]) as web:
        ours = {name for name, _ in samples(web.get("/metrics")[1])}

    assert set(re.findall(r"`(healthmon_[a-z_]+)`", (DOCS / "prometheus.md").read_text())) == ours
    dashboard = json.dumps(json.loads((DOCS / "prometheus/dashboard.json").read_text()))
    rules = (DOCS / "prometheus/alerts.yml").read_text()
    assert set(re.findall(r"\bhealthmon_[a-z_]+", dashboard + rules)) <= ours
    # How the daemon itself does is seen there, too.
    for name in ("commit_duration_seconds_bucket", "queue_sightings_most", "sightings_dropped", "event_streams"):
        assert name in dashboard
