"""One thread of a running process made to stand, while all others go on: by ptrace(2), as a debugger does it."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
# waitpid(2): also for threads that are nobody's child.
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


@contextmanager
def standing(process: int, name: str) -> Iterator[None]:
    """The thread of the process with this name stands in this block, which begins and ends on the same thread of ours."""
    thread = thread_of(process, name)
    ask(SEIZE, thread)
    ask(INTERRUPT, thread)
    os.waitpid(thread, WALL)
    try:
        yield
    finally:
        ask(DETACH, thread)


def thread_of(process: int, name: str) -> int:
    """The number of the thread with this name; the kernel keeps fifteen characters of it."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    found = [int(task.name) for task in tasks if (task / "comm").read_text().strip() == name[:15]]
    assert len(found) == 1, f"{len(found)} threads are named {name}"
    return found[0]


def ask(request: int, thread: int) -> None:
    if libc.ptrace(request, thread, None, None) == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace: {os.strerror(error)}")
