"""``healthmon demo``: a day of trouble in a minute, played by a fake PBX and watched by the real daemon.

``play.py`` sets the scene, ``day.py`` tells what happens and what must be told, ``stage.py`` writes it down.
``fakepbx/`` is that PBX; tests use it, too.
"""
