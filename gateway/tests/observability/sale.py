"""A sale that goes on in the background until it is stopped: everything that a healthy sale has, and not too fast.

    with Server() as server, Sale(server.url) as sale:
        …                                   # the sale goes on
        assert sale.faults == []

It is not too much for two cores and a debug build: some fifty requests a second. Where the server is killed, frozen or
restarted, the sale goes on as soon as it is back: cut connections are counted in `interruptions`, and are no fault. Whose turn
meets what no sale should have (a 500, an answer of another form) leaves a line in `faults`.
"""

import http.client
import random
import threading
import traceback
from collections.abc import Callable
from functools import partial
from typing import Self

import buyers
import programme
import watching
from organiser import Organiser, organise
from waiting import eventually

Buying = Callable[[str, str, random.Random, buyers.Pause], None]
Watching = Callable[[str, str, Callable[[], bool]], None]

# How often a kind of buyer comes, each by so many at once: (what they do, how many, pause between two turns in seconds).
CROWD: list[tuple[Buying, int, float]] = [
    (buyers.buy, 3, 0.3),
    (buyers.book, 1, 0.5),
    (buyers.stand_in_line, 8, 0.2),
    (buyers.let_expire, 2, 0.2),
    (buyers.be_away, 1, 0.5),
    (buyers.be_first, 1, 1.0),
    (buyers.hurry, 1, 3.0),
    (watching.look_in, 1, 3.0),
]

ORGANISER_PAUSE_SECONDS = 2.0
WATCHERS_PAUSE_SECONDS = 0.1
AFTER_AN_INTERRUPTION_SECONDS = 0.5


class Sale:
    """The sale at a server; it makes its events there, and goes on in its `with` block."""

    def __init__(self, url: str, seed: int = 1):
        self.url = url
        self.faults: list[str] = []
        self.interruptions = 0
        # Turns that went well, by what was done.
        self.turns: dict[str, int] = {}
        self._seed = seed
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        organiser = Organiser(self.url)
        for event in programme.EVENTS:
            organiser.create(event)
        organiser.close()
        self._start_crowd()
        self._repeat("organise", ORGANISER_PAUSE_SECONDS, partial(organise, self.url))
        for watch, whom in (
            (watching.watch_event, "spring-gala"),
            (watching.watch_own, "watcher"),
            (watching.watch_by_socket, "spring-gala"),
        ):
            self._repeat(watch.__name__, WATCHERS_PAUSE_SECONDS, partial(self._watch, watch, whom))
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Lets everybody finish their turn."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_until_all_have_come(self, turns: int = 2, seconds: float = 60) -> None:
        """Waits until everything that there is to do has been done so many times. Watching ends with the sale, and does not count."""
        kinds = [what.__name__ for what, _, _ in CROWD] + ["organise"]
        eventually(
            f"{turns} turns of {', '.join(kinds)}",
            lambda: self.faults or all(self.turns.get(kind, 0) >= turns for kind in kinds),
            seconds,
        )

    def _start_crowd(self) -> None:
        for what, at_once, pause_seconds in CROWD:
            for thread in range(at_once):
                choice = random.Random(f"{self._seed} {what.__name__} {thread}")
                name = f"{what.__name__.replace('_', '-')}-{thread}"
                self._repeat(what.__name__, pause_seconds, partial(self._be_a_buyer, what, name, choice))

    def _be_a_buyer(self, what: Buying, name: str, choice: random.Random, number: int) -> None:
        what(self.url, f"{name}-{number}", choice, self._pause)

    def _watch(self, watch: Watching, whom: str, _: int) -> None:
        watch(self.url, whom, self._goes_on)

    def _repeat(self, kind: str, pause_seconds: float, turn: Callable[[int], None]) -> None:
        thread = threading.Thread(target=self._take_turns, args=(kind, pause_seconds, turn), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _take_turns(self, kind: str, pause_seconds: float, turn: Callable[[int], None]) -> None:
        number = 0
        while self._goes_on():
            number += 1
            try:
                turn(number)
                with self._lock:
                    self.turns[kind] = self.turns.get(kind, 0) + 1
            except (OSError, http.client.HTTPException):
                with self._lock:
                    self.interruptions += 1
                self._pause(AFTER_AN_INTERRUPTION_SECONDS)
            except Exception:
                self.faults.append(f"{kind}, turn {number}: {traceback.format_exc()}")
                return
            self._pause(pause_seconds)

    def _goes_on(self) -> bool:
        return not self._over.is_set()

    def _pause(self, seconds: float) -> bool:
        """Waits so long, or until the sale is over; whether it goes on."""
        return not self._over.wait(seconds)
