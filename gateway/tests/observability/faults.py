"""Faults of a running server, each as a block: it is there when the block begins, and is taken away at its end.

All are real: what is broken is the process, its disk, its clock, its thread, or what is asked of it. The two bugs are
planted in the program that tests use (engine/src/core/planted.rs).
"""

import http.client
import itertools
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from caller import Buyer
from crowd import crowd, request_of
from load import EVENT, buyers, open_sale, repeated
from organiser import Organiser
from server import ROOT, Server
from standing_thread import standing
from waiting import eventually
from watching import ask

# Reads the newest value that Prometheus has of a metric of this server.
Seen = Callable[[str], float | None]

Bringing = Callable[[Server, Seen], AbstractContextManager[None]]

# How long it may take until a fault is there.
BRING_SECONDS = 60

# Where the Makefile puts the library where it is not installed.
FAKETIME_PLACES = [Path("/usr/lib"), ROOT / ".tools" / "faketime" / "usr" / "lib"]


@contextmanager
def violated(server: Server, _: Seen) -> Iterator[None]:
    """A step breaks an invariant: the process ends with 70 and leaves a line, and the next one, without the bug, counts it."""
    open_sale(server, 2).close()
    buyer = Buyer(server.url, "ann", intents=[])
    hold = buyer.hold(EVENT).body["id"]
    try:
        buyer.release(hold)
    except (OSError, http.client.HTTPException):
        pass
    buyer.close()
    assert server.process.wait() == 70
    violations = server.data / "violations"
    assert violations.read_text().count("\n") == 1
    server.environment.clear()
    server.start()
    yield
    violations.rename(server.directory / "violations")
    server.restart()


@contextmanager
def oversold(server: Server, _: Seen) -> Iterator[None]:
    """The figures show booked tickets twice, and nearly all are booked."""
    open_sale(server, 4).close()
    buyer = Buyer(server.url, "ann", intents=[])
    assert buyer.book(EVENT, quantity=3).is_success
    buyer.close()
    yield
    server.restart({})


@contextmanager
def killed(server: Server, _: Seen) -> Iterator[None]:
    """The process is killed, and stays away."""
    server.kill()
    yield
    server.start()


@contextmanager
def restarted(server: Server, seen: Seen) -> Iterator[None]:
    """The process is killed and started again, three times, each time as soon as it was seen. Start times are whole seconds."""
    for _ in range(3):
        server.kill()
        server.start()
        wait_until_seen(value_of(server, "process_start_time_seconds"), seen)
    yield


def wait_until_seen(started: float, seen: Seen) -> None:
    """Waits until the process that was started then is scraped, and two seconds old."""
    eventually(
        "the new process is scraped",
        lambda: seen("process_start_time_seconds") == started and time.time() >= started + 2,
        BRING_SECONDS,
    )


def value_of(server: Server, metric: str) -> float:
    """The value of a metric without labels, as the server tells it now."""
    found = re.search(rf"^{metric} (\S+)$", server.metrics(), re.MULTILINE)
    assert found, metric
    return float(found.group(1))


@contextmanager
def slow(server: Server, _: Seen) -> Iterator[None]:
    """The disk takes its time for each sync, as it does from the start of this server on, and now there are buyers."""
    with buyers(server, at_once=16):
        yield
        server.restart({})


@contextmanager
def stopped_again_and_again(server: Server, _: Seen) -> Iterator[None]:
    """The process is stopped for moments, and goes on in between for long enough to be scraped."""

    def pulse(_: int) -> None:
        server.freeze()
        time.sleep(0.7)
        server.thaw()

    with repeated(pulse, at_once=1, pause_seconds=0.9):
        yield


@contextmanager
def wheel_stands(server: Server, _: Seen) -> Iterator[None]:
    """The thread that turns the wheels stands; all others go on."""
    with standing(server.process.number, "holdfast-wheel"):
        yield


@contextmanager
def line_blocked(server: Server, _: Seen) -> Iterator[None]:
    """One ticket is free, and who is first in line wants two, all or nothing, and is there."""
    organiser = open_sale(server, 2)
    owner, first = Buyer(server.url, "owner", intents=[]), Buyer(server.url, "first", intents=[])
    assert owner.book(EVENT, quantity=1).is_success
    assert first.join(EVENT, quantity=2).body["state"] == "waiting"
    # Connections do not last while nothing is asked.
    for one in (organiser, owner, first):
        one.close()
    yield
    organiser.change(EVENT, ticket_types=[{"id": "general", "capacity": 3}])
    assert first.place(EVENT, "general").status == 404, "they have their hold"
    organiser.close()
    first.close()


@contextmanager
def crowded(server: Server, _: Seen) -> Iterator[None]:
    """More buyers at once than may be under way, who take one ticket after the other."""
    open_sale(server, 1_000_000, max_per_user=1_000_000).close()
    requests = []
    for number in range(40):
        buyer = Buyer(server.url, f"buyer-{number}", intents=[])
        assert buyer.token
        requests.append(request_of(server.url, f"/v1/events/{EVENT}/bookings", buyer.token, "{}"))
        buyer.close()
    with crowd(server.url, requests):
        yield


@contextmanager
def connections_taken(server: Server, _: Seen) -> Iterator[None]:
    """Somebody opens connections and asks nothing; more than there may be, and new ones for those that the server closes."""
    host, port = urllib.parse.urlsplit(server.url).netloc.split(":")
    kept: list[socket.socket] = []

    def open_some(_: int) -> None:
        kept.extend(socket.create_connection((host, int(port)), timeout=5) for _ in range(4))
        while len(kept) > 40:
            kept.pop(0).close()

    with repeated(open_some, at_once=1, pause_seconds=0.3):
        yield
    for connection in kept:
        connection.close()


@contextmanager
def streams_taken(server: Server, _: Seen) -> Iterator[None]:
    """Somebody has the only stream that there may be, and others ask for one again and again."""
    open_sale(server, 1).close()
    stream = f"/v1/events/{EVENT}/stream"
    accepted = {"Accept": "text/event-stream"}

    def ask_for_one(_: int) -> None:
        with ask(server.url, stream, accepted) as refused:
            refused.recv(4_096)

    with ask(server.url, stream, accepted) as taken:
        taken.recv(4_096)
        with repeated(ask_for_one, at_once=1, pause_seconds=0.2):
            yield


@contextmanager
def snapshots_fail(server: Server, _: Seen) -> Iterator[None]:
    """Something lies where a snapshot is written. The sale goes on."""
    in_the_way = server.data / "snapshot.tmp"
    with buyers(server, at_once=1, pause_seconds=0.2):
        in_the_way.mkdir()
        yield
        in_the_way.rmdir()
        organiser = Organiser(server.url)
        organiser.snapshot()
        organiser.close()


@contextmanager
def disk_fills(server: Server, _: Seen) -> Iterator[None]:
    """Something else fills the disk: nearly all of it at once, and then more and more."""
    filler = server.data.parent / "filler"
    fill(filler, until_free=0.14)
    with repeated(lambda _: grow(filler, 65_536), at_once=1, pause_seconds=1.0):
        yield
    filler.unlink()


@contextmanager
def disk_full(server: Server, _: Seen) -> Iterator[None]:
    """Something else takes all that is left of the disk, and the journal needs another segment."""
    organiser = open_sale(server, 1_000)
    filler = server.data.parent / "filler"
    fill(filler, until_free=0.0)
    texts = ("a" * 4_000, "b" * 4_000)
    changes = itertools.count()

    def finds_out() -> bool:
        for _ in range(20):
            organiser.change(EVENT, description=texts[next(changes) % 2])
        # Not by Prometheus: by then, nothing might be left for whoever pays, and the organiser would wait, too.
        return value_of(server, "holdfast_journal_disk_full") == 1

    eventually("the journal has no room for its next segment", finds_out, BRING_SECONDS)
    yield
    filler.unlink()
    organiser.close()


def fill(file: Path, until_free: float) -> None:
    """Lets a file grow until so much of its disk is free, as a share of it."""
    space = shutil.disk_usage(file.parent)
    grow(file, space.free - int(until_free * space.total))


def grow(file: Path, size: int) -> None:
    """Lets a file grow by so many bytes, or by as many as there is room for."""
    with file.open("ab", buffering=0) as growing:
        growing.write(b"x" * size)


@contextmanager
def clock_stepped(server: Server, _: Seen) -> Iterator[None]:
    """The wall clock is set forward by five minutes, and back; the monotonic clock goes on."""
    set_wall_clock(server, "+300")
    yield
    set_wall_clock(server, "+0")


def set_wall_clock(server: Server, offset_seconds: str) -> None:
    new = server.directory / "wall-clock.new"
    new.write_text(f"{offset_seconds}\n")
    new.rename(server.directory / "wall-clock")


def with_a_wall_clock_of_its_own(server: Server) -> None:
    """Has a server see a wall clock that can be set, by libfaketime."""
    libraries = [path for place in FAKETIME_PLACES for path in place.glob("*/faketime/libfaketimeMT.so.1")]
    if not libraries:
        raise CannotBeTried("libfaketime is missing: apt-get install --no-install-recommends libfaketime")
    set_wall_clock(server, "+0")
    server.environment |= {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME_TIMESTAMP_FILE": str(server.directory / "wall-clock"),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system of its own, in memory."""
    with tempfile.TemporaryDirectory(prefix="holdfast-disk.") as place:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "holdfast-test", place]
        mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
        if mounted.returncode:
            raise CannotBeTried(f"no file system can be mounted here: {mounted.stderr.splitlines()[0]}")
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", "--lazy", place], check=True)


class CannotBeTried(Exception):
    """What this machine does not allow."""
