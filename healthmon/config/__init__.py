"""The configuration: an INI file becomes frozen values, with every problem found at once."""

from healthmon.config.parser import load
from healthmon.config.types import (
    Config,
    Hold,
    PbxConfig,
    ReceiverConfig,
    ReceiverUrl,
    Secret,
    WatchConfig,
)

__all__ = ["Config", "Hold", "PbxConfig", "ReceiverConfig", "ReceiverUrl", "Secret", "WatchConfig", "load"]
