"""``healthmon demo``: a day of trouble in a minute, played by a fake PBX and watched by the real daemon.

``play()`` sets the scene, ``day.py`` tells what happens and what must be told, ``stage.py`` writes it down.
"""

from healthmon.demo.play import play

__all__ = ["play"]
