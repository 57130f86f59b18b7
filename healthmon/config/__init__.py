"""The configuration: an INI file becomes frozen values, with every problem found at once.

``parser.load`` reads it, and is imported from there: the commands that read no configuration answer sooner without.
"""

from healthmon.config.types import (
    Config,
    Hold,
    PbxConfig,
    ReceiverConfig,
    ReceiverUrl,
    Secret,
    WatchConfig,
)

__all__ = ["Config", "Hold", "PbxConfig", "ReceiverConfig", "ReceiverUrl", "Secret", "WatchConfig"]
