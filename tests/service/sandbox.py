"""`python -m tests.service.sandbox COMMAND…`: runs a command with the system call limits of healthmon.service.

systemd is not process 1 where tests run, so the unit itself cannot be started; but the kernel's part of it can be had
without: SystemCallFilter=, MemoryDenyWriteExecute=, RestrictAddressFamilies=, NoNewPrivileges=, UMask= and LimitCORE=,
set by the same library that systemd uses. SocketBindDeny=any is BPF with systemd, a system call less here. Not tried
this way: what systemd does by mounts (ProtectSystem=, PrivateTmp= …).
"""

import ctypes
import errno
import os
import resource
import socket
import sys

from .unit import allowed_calls, settings

ALLOW = 0x7FFF0000
DENY = 0x00050000 | errno.EPERM
EQUAL, MASKED_EQUAL = 4, 7
PROT_WRITE, PROT_EXEC = 2, 4
#: Linux knows fewer address families than that.
FAMILIES = 64


class Argument(ctypes.Structure):
    """libseccomp's scmp_arg_cmp: what one argument of a system call must be for a rule to apply."""

    _fields_ = (
        ("number", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("first", ctypes.c_uint64),
        ("second", ctypes.c_uint64),
    )


class Filter:
    """One seccomp filter; several that are loaded all apply."""

    def __init__(self, otherwise: int) -> None:
        self._library = ctypes.CDLL("libseccomp.so.2")
        self._library.seccomp_init.restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._library.seccomp_init(ctypes.c_uint32(otherwise)))

    def rule(self, action: int, call: str, *arguments: Argument) -> None:
        """Do that with this system call; one that this machine does not have is passed over, as systemd does."""
        number = self._library.seccomp_syscall_resolve_name(call.encode())
        if number < 0:
            return
        array = (Argument * len(arguments))(*arguments)
        failed = self._library.seccomp_rule_add_array(
            self._context, ctypes.c_uint32(action), number, len(arguments), array
        )
        if failed:
            raise OSError(-failed, f"seccomp refuses the rule for {call}")

    def load(self) -> None:
        """Put it into force, for good. No new privileges comes with it."""
        failed = self._library.seccomp_load(self._context)
        if failed:
            raise OSError(-failed, "seccomp refuses the filter")


def system_call_filter(lines: list[str]) -> Filter:
    """SystemCallFilter="""
    filter_ = Filter(DENY)
    for call in sorted(allowed_calls(lines)):
        filter_.rule(ALLOW, call)
    return filter_


def memory_deny_write_execute() -> Filter:
    """MemoryDenyWriteExecute=yes, for the calls that matter on amd64 and arm64."""
    filter_ = Filter(ALLOW)
    both = PROT_WRITE | PROT_EXEC
    filter_.rule(DENY, "mmap", Argument(2, MASKED_EQUAL, both, both))
    filter_.rule(DENY, "mprotect", Argument(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
    filter_.rule(DENY, "pkey_mprotect", Argument(2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
    return filter_


def restrict_address_families(names: list[str]) -> Filter:
    """RestrictAddressFamilies="""
    filter_ = Filter(ALLOW)
    for family in set(range(FAMILIES)) - {getattr(socket, name) for name in names}:
        filter_.rule(DENY, "socket", Argument(0, EQUAL, family, 0))
    return filter_


def socket_bind_deny() -> Filter:
    """SocketBindDeny=any"""
    filter_ = Filter(ALLOW)
    filter_.rule(DENY, "bind")
    return filter_


def confine() -> None:
    """Put this process under the limits of the unit."""
    unit = settings()
    filters = [restrict_address_families(unit["RestrictAddressFamilies"][0].split())]
    if unit["MemoryDenyWriteExecute"] == ["yes"]:
        filters.append(memory_deny_write_execute())
    if unit["SocketBindDeny"] == ["any"]:
        filters.append(socket_bind_deny())
    filters.append(system_call_filter(unit["SystemCallFilter"]))
    most = int(unit["LimitCORE"][0])
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    os.umask(int(unit["UMask"][0], 8))
    for filter_ in filters:
        filter_.load()


if __name__ == "__main__":
    confine()
    os.execvp(sys.argv[1], sys.argv[1:])
