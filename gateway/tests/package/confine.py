"""Takes system calls away from this process, as the unit of systemd does, and becomes the program: confine.py FILE COMMAND…

FILE is JSON: `allowed`, the names of the system calls that remain; `families`, the numbers of the address families that sockets
may have; `writable_code`, whether memory may be made executable. systemd answers EPERM to what it takes away, which a
program may overlook; here it ends the program at once (SIGSYS), so that a test cannot overlook it.

It uses libseccomp as systemd does, and needs no_new_privs.
"""

import ctypes
import errno
import json
import os
import sys

KILL_PROCESS, ALLOW, ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
EQUAL, GREATER, MASKED_EQUAL = 4, 6, 7

PROT_WRITE, PROT_EXEC, SHM_EXEC = 0x2, 0x4, 0o100000
# CLONE_NEWTIME is none of clone's flags.
NEW_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
FAMILIES_MAX = 64

library = ctypes.CDLL("libseccomp.so.2")
library.seccomp_init.restype = ctypes.c_void_p
library.seccomp_load.argtypes = [ctypes.c_void_p]


class Comparison(ctypes.Structure):
    """`struct scmp_arg_cmp`: what an argument of a system call must be for a rule to hold."""

    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("first", ctypes.c_uint64), ("second", ctypes.c_uint64)]


library.seccomp_rule_add_array.argtypes = [
    ctypes.c_void_p,
    ctypes.c_uint32,
    ctypes.c_int,
    ctypes.c_uint,
    ctypes.POINTER(Comparison),
]


class Filter:
    """A filter that is being made."""

    def __init__(self, otherwise):
        self.context = library.seccomp_init(otherwise)

    def add(self, action, name, *comparisons):
        """Adds a rule. What this machine's architecture does not have is left out, as systemd does."""
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return
        array = (Comparison * len(comparisons))(*(Comparison(*comparison) for comparison in comparisons))
        result = library.seccomp_rule_add_array(self.context, action, number, len(comparisons), array)
        if result != 0:
            sys.exit(f"confine: no rule for {name}: {os.strerror(-result)}")

    def load(self):
        """Puts it in force, for good."""
        result = library.seccomp_load(self.context)
        if result != 0:
            sys.exit(f"confine: the filter is refused: {os.strerror(-result)}")


def confine(limits):
    """Takes away what `limits` says. The list of what is allowed comes last: it may not have what loads a filter."""
    special = Filter(ALLOW)
    # RestrictNamespaces. The flags of clone3 cannot be looked at, so it is not there, and clone is used instead.
    special.add(ERRNO | errno.ENOSYS, "clone3")
    special.add(KILL_PROCESS, "unshare")
    special.add(KILL_PROCESS, "setns")
    for flag in NEW_NAMESPACES:
        special.add(KILL_PROCESS, "clone", (0, MASKED_EQUAL, flag, flag))
    # RestrictAddressFamilies.
    for family in set(range(FAMILIES_MAX)) - set(limits["families"]):
        special.add(KILL_PROCESS, "socket", (0, EQUAL, family, 0))
    special.add(KILL_PROCESS, "socket", (0, GREATER, FAMILIES_MAX - 1, 0))
    # MemoryDenyWriteExecute.
    if not limits["writable_code"]:
        both = PROT_WRITE | PROT_EXEC
        special.add(KILL_PROCESS, "mmap", (2, MASKED_EQUAL, both, both))
        special.add(KILL_PROCESS, "mprotect", (2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
        special.add(KILL_PROCESS, "pkey_mprotect", (2, MASKED_EQUAL, PROT_EXEC, PROT_EXEC))
        special.add(KILL_PROCESS, "shmat", (2, MASKED_EQUAL, SHM_EXEC, SHM_EXEC))
    special.load()
    remaining = Filter(KILL_PROCESS)
    for name in limits["allowed"]:
        remaining.add(ALLOW, name)
    remaining.load()


def main():
    with open(sys.argv[1]) as file:
        limits = json.load(file)
    confine(limits)
    os.execv(sys.argv[2], sys.argv[2:])


main()
