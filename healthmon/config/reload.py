"""What a reload has to restart: the difference between the running configuration and the new one."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.config.options import Option
from healthmon.config.sections.general import HEALTHMON
from healthmon.config.sections.pbx import PBX, PbxConfig
from healthmon.config.sections.receiver import ReceiverConfig, ReceiverUrl

#: What is said of sections that were added, removed or changed, or stand in another order.
_SECTIONS = {
    "watches": "other [watch …] sections",
    "maintenance": "other [maintenance …] sections",
    "schedules": "other [schedule …] sections",
    "sites": "other sites",
    "names": "other names of endpoints",
    "web": "another web process",
    "users": "other users of the web page",
    "tokens": "other tokens of the web process",
    "public": "other public status pages",
    "scopes": "others may see what is seen over HTTP",
}

#: What is said of other values of [healthmon] and [history], by the names of the fields.
_GENERAL = {name: declared.when_changed for name, declared in HEALTHMON.declared.items() if declared.when_changed}

#: What the web process reads.
_OF_THE_WEB_PROCESS = frozenset(
    ("web", "users", "tokens", "public", "scopes", "names", "sites", "maintenance", "timezone", "language")
)

#: The fields of a PBX that an open connection depends on.
_CONNECTION = tuple(
    name for name, declared in PBX.declared.items() if isinstance(declared, Option) and declared.reconnects
)


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
    #: The names of the other fields of the configuration that are not the same: sections, and what [healthmon] says.
    fields: tuple[str, ...] = ()

    @property
    def heartbeat_changed(self) -> bool:
        """Whether another URL is fetched, or at other times."""
        return "heartbeat" in self.fields

    @property
    def schedules_changed(self) -> bool:
        """Whether other reports are made, or at other times."""
        return "schedules" in self.fields

    @property
    def web_changed(self) -> bool:
        """Whether the web process begins anew."""
        return not _OF_THE_WEB_PROCESS.isdisjoint(self.fields)

    @property
    def consequences(self) -> tuple[str, ...]:
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
        said = [f"{verb} {', '.join(names)}" for verb, names in lists.items() if names]
        facts = {**_SECTIONS, **_GENERAL}
        # Two options may have one consequence.
        return (*said, *dict.fromkeys(facts[name] for name in self.fields))


def difference(old: Config, new: Config) -> Difference:
    """Compare two checked configurations. Open incidents and alerts that wait are not touched by any of it."""
    old_pbxs = {pbx.name: pbx for pbx in old.pbxs}
    new_pbxs = {pbx.name: pbx for pbx in new.pbxs}
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
        fields=tuple(name for name in (*_SECTIONS, *_GENERAL) if getattr(old, name) != getattr(new, name)),
    )


def _connection(pbx: PbxConfig) -> tuple[object, ...]:
    """Take what an open connection depends on."""
    return tuple(getattr(pbx, name) for name in _CONNECTION)


def _deliveries(config: Config) -> dict[str, tuple[ReceiverUrl, ReceiverConfig]]:
    """Map each url_id to all that its deliverer is built from."""
    # The receiver without its URLs: a new line must not restart the deliverers of the others.
    return {url.url_id: (url, replace(receiver, urls=())) for receiver in config.receivers for url in receiver.urls}
