"""What a reload has to restart: the difference between the running configuration and the new one."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from healthmon.config.types import Config, PbxConfig, ReceiverConfig, ReceiverUrl


class Difference(Struct, frozen=True):
    """What is not the same in two configurations, by what must be done about it. All empty: nothing changed."""

    #: Connect to these.
    pbxs_added: tuple[str, ...] = ()
    #: Disconnect from these.
    pbxs_removed: tuple[str, ...] = ()
    #: Another address, user, password, application or TLS setting: disconnect and connect anew.
    pbxs_to_reconnect: tuple[str, ...] = ()
    #: Other intervals or receivers: give them the new values; their connection stays.
    pbxs_adjusted: tuple[str, ...] = ()
    #: Start a deliverer for these url_ids.
    urls_added: tuple[str, ...] = ()
    #: Stop the deliverers of these url_ids.
    urls_removed: tuple[str, ...] = ()
    #: Same url_id, another URL (a new password) or other waits: stop and start the deliverer.
    urls_changed: tuple[str, ...] = ()
    #: Sections that were added, removed or changed, or stand in another order.
    watches_changed: bool = False
    maintenance_changed: bool = False
    schedules_changed: bool = False
    sites_changed: bool = False
    timezone_changed: bool = False
    log_level_changed: bool = False
    history_changed: bool = False
    heartbeat_changed: bool = False
    receiver_failing_after_changed: bool = False
    #: Cannot be done while running: the old database is used until a restart.
    database_changed: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """What is done about it, each a line for the log."""
        lists = {
            "connects to": self.pbxs_added,
            "disconnects from": self.pbxs_removed,
            "reconnects to": self.pbxs_to_reconnect,
            "adjusts": self.pbxs_adjusted,
            "now also tells": self.urls_added,
            "no longer tells": self.urls_removed,
            "uses the new settings of": self.urls_changed,
        }
        facts = {
            "other [watch …] sections": self.watches_changed,
            "other [maintenance …] sections": self.maintenance_changed,
            "other [schedule …] sections": self.schedules_changed,
            "other sites": self.sites_changed,
            "another time zone": self.timezone_changed,
            "another log level": self.log_level_changed,
            "another time for which history is kept": self.history_changed,
            "another heartbeat for whoever watches healthmon": self.heartbeat_changed,
            "another patience with receivers that fail": self.receiver_failing_after_changed,
            "another database: only after a restart; until then the old one is used": self.database_changed,
        }
        said = [f"{verb} {', '.join(names)}" for verb, names in lists.items() if names]
        return (*said, *(fact for fact, is_so in facts.items() if is_so))


def difference(old: Config, new: Config) -> Difference:
    """Compare two checked configurations. Open incidents and alerts that wait are not touched by any of it."""
    old_pbxs, new_pbxs = ({pbx.name: pbx for pbx in config.pbxs} for config in (old, new))
    old_urls, new_urls = _deliveries(old), _deliveries(new)
    both = [(old_pbxs[name], pbx) for name, pbx in new_pbxs.items() if name in old_pbxs]
    return Difference(
        pbxs_added=tuple(name for name in new_pbxs if name not in old_pbxs),
        pbxs_removed=tuple(name for name in old_pbxs if name not in new_pbxs),
        pbxs_to_reconnect=tuple(pbx.name for was, pbx in both if _connection(was) != _connection(pbx)),
        pbxs_adjusted=tuple(pbx.name for was, pbx in both if was != pbx and _connection(was) == _connection(pbx)),
        urls_added=tuple(url_id for url_id in new_urls if url_id not in old_urls),
        urls_removed=tuple(url_id for url_id in old_urls if url_id not in new_urls),
        urls_changed=tuple(url_id for url_id, url in new_urls.items() if url != old_urls.get(url_id, url)),
        watches_changed=old.watches != new.watches,
        maintenance_changed=old.maintenance != new.maintenance,
        schedules_changed=old.schedules != new.schedules,
        sites_changed=_sites(old) != _sites(new),
        timezone_changed=old.timezone.key != new.timezone.key,
        log_level_changed=old.log_level != new.log_level,
        history_changed=old.history != new.history,
        heartbeat_changed=old.heartbeat != new.heartbeat,
        receiver_failing_after_changed=old.receiver_failing_after != new.receiver_failing_after,
        database_changed=old.database != new.database,
    )


def _connection(pbx: PbxConfig) -> tuple[object, ...]:
    """Take what an open connection depends on."""
    return pbx.url, pbx.username, pbx.password, pbx.application, pbx.verify_tls


def _sites(config: Config) -> tuple[object, ...]:
    """Take all that says what belongs together."""
    return config.sites, config.site_share, config.site_window


def _deliveries(config: Config) -> dict[str, tuple[ReceiverUrl, ReceiverConfig]]:
    """Map each url_id to all that its deliverer is built from."""
    # The receiver without its URLs: a new line must not restart the deliverers of the others.
    return {url.url_id: (url, replace(receiver, urls=())) for receiver in config.receivers for url in receiver.urls}
