"""``/metrics``: how things stand, for Prometheus (docs/prometheus.md says what each of them means)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from healthmon import __version__
from healthmon.model import Health, Kind
from healthmon.publish.present import Present
from healthmon.report.status.rows import Status, TargetStatus

#: What ``/metrics`` is sent as.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class StatusCollector(Collector):
    """Makes the metrics of one moment. ``has_phones``: with series of each phone."""

    def __init__(self, present: Present, *, has_phones: bool) -> None:
        self._present = present
        self._status = present.status
        self._has_phones = has_phones

    def collect(self) -> Iterator[Metric]:
        """Make all families."""
        yield from self._of_daemon()
        # What some of them say is of all customers at once.
        is_whole = self._present.is_whole
        if is_whole:
            yield from self._of_engine()
        yield from self._of_pbxs()
        yield from self._of_endpoints()
        yield from self._of_incidents()
        if is_whole:
            yield from self._of_incidents_so_far()
            yield from self._of_receivers()

    def _of_daemon(self) -> Iterator[Metric]:
        status = self._status
        yield _gauge("healthmon_build_info", "1; the label has the version.", (("version",), (__version__,), 1))
        yield _gauge(
            "healthmon_up",
            "Whether a daemon keeps up what is shown here; 0: it is out of date.",
            ((), (), not status.is_stale),
        )
        if status.alive_at is not None:
            text = "When the daemon last booked that it lives."
            yield _gauge("healthmon_alive_timestamp_seconds", text, ((), (), status.alive_at))

    def _of_engine(self) -> Iterator[Metric]:
        work = self._present.workload
        text = "What was seen of PBXs and waited for the engine."
        yield _gauge("healthmon_queue_sightings", text, ((), (), work.waiting))
        text = "The most that waited for the engine at once, of the last ten seconds."
        yield _gauge("healthmon_queue_sightings_most", text, ((), (), work.most_waiting))
        commits = HistogramMetricFamily("healthmon_commit_duration_seconds", "How long the engine's transactions took.")
        within = [(str(bound), float(number)) for bound, number in sorted(work.commits_within.items())]
        commits.add_metric((), [*within, ("+Inf", work.commits)], work.commit_s)
        yield commits

    def _of_pbxs(self) -> Iterator[Metric]:
        state = GaugeMetricFamily("healthmon_pbx_state", "1 for the state that a PBX is in.", labels=("pbx", "state"))
        old = GaugeMetricFamily(
            "healthmon_pbx_stale", "Whether what is known of a PBX is too old to be trusted.", labels=("pbx",)
        )
        seen = {
            "event": _timestamps("healthmon_pbx_last_event", "When it last sent an event."),
            "snapshot": _timestamps("healthmon_pbx_last_snapshot", "When all of its endpoints were last listed."),
            "alive": _timestamps("healthmon_pbx_alive", "When it last gave a sign of life."),
        }
        counters = {
            "events": _counter_of_pbxs("healthmon_pbx_events", "Events that came since the daemon was started."),
            "streams": _counter_of_pbxs("healthmon_pbx_event_streams", "How many streams of events were opened."),
            "dropped": _counter_of_pbxs("healthmon_pbx_sightings_dropped", "Sightings dropped, as too many waited."),
        }
        for pbx in self._status.pbxs:
            _add_states(state, (pbx.name,), pbx.row.state)
            old.add_metric((pbx.name,), float(bool(pbx.old)))
            fresh = pbx.freshness
            times = {"event": fresh.last_event_at, "snapshot": fresh.last_snapshot_at, "alive": fresh.alive_at}
            for what, at in times.items():
                if at is not None:
                    seen[what].add_metric((pbx.name,), at)
            counted = {"events": fresh.events, "streams": fresh.streams, "dropped": fresh.dropped}
            for what, number in counted.items():
                counters[what].add_metric((pbx.name,), number)
        yield from (state, old, *seen.values(), *counters.values())

    def _of_endpoints(self) -> Iterator[Metric]:
        yield _counted_endpoints(self._status)
        labels = ("pbx", "endpoint", "kind", "watch")
        state = GaugeMetricFamily(
            "healthmon_endpoint_state", "1 for the state that an endpoint is in.", labels=(*labels, "state")
        )
        check = GaugeMetricFamily(
            "healthmon_check_state", "1 for the state that a check is in.", labels=(*labels, "check", "state")
        )
        muted = GaugeMetricFamily(
            "healthmon_endpoint_muted", "1: nobody is told of it, by a silence or maintenance.", labels=labels
        )
        for row in self._status.targets:
            if self._has_phones or row.kind is Kind.PROVIDER or row.target.is_registration:
                about = (row.target.pbx, row.target.endpoint, row.kind, row.watch)
                _add_states(state, about, row.state)
                muted.add_metric(about, float(bool(row.muted_by)))
                for each in row.checks or (row,):
                    _add_states(check, (*about, each.check), each.state)
        yield from (state, check, muted)

    def _of_incidents(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "healthmon_incidents_open",
            "Incidents that last, by what they are of. Those that another one explains are counted as explained.",
            labels=("kind", "explained"),
        )
        lasting = {each.id for each in self._present.incidents}
        found = Counter((each.kind, each.explained_by in lasting) for each in self._present.incidents)
        for (kind, is_explained), number in sorted(found.items()):
            family.add_metric((kind, "true" if is_explained else "false"), number)
        yield family

    def _of_incidents_so_far(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "healthmon_incidents", "Incidents that were ever opened.", value=self._present.incidents_so_far
        )

    def _of_receivers(self) -> Iterator[Metric]:
        failing = GaugeMetricFamily(
            "healthmon_receiver_failing", "1: this URL of a receiver takes no messages.", labels=("receiver",)
        )
        waiting = GaugeMetricFamily(
            "healthmon_receiver_messages_waiting", "Messages that wait to be sent to it.", labels=("receiver",)
        )
        known_to_fail = {url.url_id for url in self._status.failing_urls}
        for url in self._present.urls:
            failing.add_metric((url.url_id,), float(url.url_id in known_to_fail))
            waiting.add_metric((url.url_id,), url.waiting)
        yield from (failing, waiting)


def metrics_text(present: Present, *, has_phones: bool) -> bytes:
    """Write the metrics of one moment in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StatusCollector(present, has_phones=has_phones))
    return generate_latest(registry)


def _gauge(name: str, text: str, sample: tuple[tuple[str, ...], tuple[str, ...], float]) -> Metric:
    labels, values, value = sample
    family = GaugeMetricFamily(name, text, labels=labels)
    family.add_metric(values, float(value))
    return family


def _timestamps(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{name}_timestamp_seconds", text, labels=("pbx",))


def _counter_of_pbxs(name: str, text: str) -> CounterMetricFamily:
    return CounterMetricFamily(name, text, labels=("pbx",))


def _add_states(family: GaugeMetricFamily, labels: tuple[str, ...], state: Health) -> None:
    """Add a series for each state: 1 for the one that holds, so that a query need not know the others."""
    for each in Health:
        family.add_metric((*labels, each), float(each is state))


def _counted_endpoints(status: Status) -> Metric:
    family = GaugeMetricFamily(
        "healthmon_endpoints",
        "How many endpoints are in which state; phones that were never seen are unused.",
        labels=("pbx", "kind", "state"),
    )
    for (pbx, kind, state), number in sorted(Counter(map(_place_of, status.targets)).items()):
        family.add_metric((pbx, kind, state), number)
    return family


def _place_of(row: TargetStatus) -> tuple[str, str, str]:
    if row.is_unused:
        return row.target.pbx, row.kind, "unused"
    return row.target.pbx, row.kind, row.state
