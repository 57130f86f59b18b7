"""A small configuration for tests."""

from __future__ import annotations

from pathlib import Path

from healthmon.config.configuration import Config
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.sections.receiver import ReceiverConfig, ReceiverUrl
from healthmon.config.sections.shared import Hold, Secret
from tests.notify.rows import BERLIN


def receiver(*urls: str) -> ReceiverConfig:
    """The receiver ``oncall`` with URLs ``oncall/0``, ``oncall/1`` …"""
    return ReceiverConfig(
        "oncall", tuple(ReceiverUrl(f"oncall/{number}", Secret(url)) for number, url in enumerate(urls))
    )


def config(url: str = "json://127.0.0.1:9/", password: str = "ari-secret", database: Path = Path("x.db")) -> Config:
    """One PBX, one receiver."""
    hold = Hold(15, 5, 15)
    pbx = PbxConfig(
        "office", "http://127.0.0.1:8088", "healthmon", Secret(password), "healthmon", hold=hold, receivers=("oncall",)
    )
    return Config(
        path=Path("config.ini"),
        database=database,
        timezone=BERLIN,
        log_level="info",
        pbxs=(pbx,),
        watches=(),
        receivers=(receiver(url),),
    )
