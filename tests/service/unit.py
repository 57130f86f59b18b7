"""Reads a systemd unit, as far as our tests need it."""

import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "healthmon.service"
SYSUSERS = ROOT / "systemd" / "healthmon.sysusers.conf"


def settings(unit: Path = UNIT) -> dict[str, list[str]]:
    """Each option of a unit with all its values, in the order of the file."""
    found = defaultdict(list)
    for line in unit.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[name].append(value)
    return found


@cache
def group(name: str) -> frozenset[str]:
    """The system calls of a group such as @system-service, as the systemd of this machine knows it."""
    text = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True
    ).stdout
    words = [line.strip() for line in text.splitlines()[1:]]
    return expanded([word for word in words if word and not word.startswith("#")])


def expanded(words: list[str]) -> frozenset[str]:
    """Put the system calls of each @group in its place."""
    return frozenset().union(*(group(word) if word.startswith("@") else {word} for word in words))


def allowed_calls(filters: list[str]) -> frozenset[str]:
    """What SystemCallFilter= lines leave over: the first one is the list, lines with ~ take away from it."""
    allowed = group("@default")
    for line in filters:
        if line.startswith("~"):
            allowed -= expanded(line[1:].split())
        else:
            allowed |= expanded(line.split())
    return allowed
