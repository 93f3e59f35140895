"""What is asked of a server by a fault or beside one: turns that are taken again and again, and buyers who do."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from caller import Buyer
from organiser import Organiser
from server import Server
from waiting import eventually

EVENT = "gala"

# How long it may take until the event is there.
OPEN_SECONDS = 60


def open_sale(server: Server, capacity: int, **settings: object) -> Organiser:
    organiser = Organiser(server.url)
    tickets = [{"id": "general", "name": "General", "capacity": capacity}]
    event = {"id": EVENT, "name": "Gala", "status": "on_sale", "auto_hold": 0, "ticket_types": tickets, **settings}

    def created() -> bool:
        try:
            organiser.create(event)
        except AssertionError:
            return False
        return True

    eventually("the event is there, also where answers come too late", created, OPEN_SECONDS)
    return organiser


@contextmanager
def repeated(turn: Callable[[int], object], at_once: int, pause_seconds: float) -> Iterator[None]:
    """Takes turns on so many threads, each with a pause after it, until the block ends. A cut connection or an error of the
    server ends a turn and no more."""
    over = threading.Event()

    def take_turns(number: int) -> None:
        while not over.wait(pause_seconds):
            try:
                turn(number)
            except (OSError, http.client.HTTPException, AssertionError):
                over.wait(0.2)

    threads = [threading.Thread(target=take_turns, args=(number,), daemon=True) for number in range(at_once)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@contextmanager
def buyers(server: Server, at_once: int, pause_seconds: float = 0.0) -> Iterator[None]:
    """Buyers who log in once, and then hold a ticket and give it back, again and again."""
    open_sale(server, 1_000).close()
    known: dict[int, Buyer] = {}

    def hold_and_give_back(number: int) -> None:
        buyer = known.get(number) or Buyer(server.url, f"buyer-{number}", intents=[])
        if not buyer.token:
            buyer.close()
            return
        known[number] = buyer
        hold = buyer.hold(EVENT)
        if hold.is_success:
            buyer.release(hold.body["id"])

    with repeated(hold_and_give_back, at_once, pause_seconds):
        yield
    for buyer in known.values():
        buyer.close()
