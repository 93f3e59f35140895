"""Waiting for what a real process does in its own time: by looking again and again, up to a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

LOOK_EVERY_SECONDS = 0.05


def eventually(what: str, look: Callable[[], Answer | None], seconds: float = 20) -> Answer:
    """Looks until there is something to see (anything that is true), and returns it; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what} (last seen: {seen!r})")
        time.sleep(LOOK_EVERY_SECONDS)
