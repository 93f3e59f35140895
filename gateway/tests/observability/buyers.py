"""What buyers do: each turn is a new user with an intention, from the login to the end."""

import random
from collections.abc import Callable

from caller import Buyer

# Pauses for so many seconds; false where the sale is over meanwhile.
Pause = Callable[[float], bool]


def buy(url: str, user: str, choice: random.Random, pause: Pause) -> None:
    """Takes what the login set aside, or something else, and pays or does not; a few cancel."""
    buyer = Buyer(url, user)
    held = [outcome["hold"] for outcome in buyer.outcomes if outcome["hold"]]
    pause(choice.uniform(0.0, 0.2))
    if not held:
        buyer.log_out()
        return
    hold = held[0]["id"]
    buyer.extend(hold)
    pause(choice.uniform(0.0, 0.2))
    decision = choice.random()
    if decision < 0.6:
        booking = buyer.confirm(hold)
        if decision < 0.15 and booking.is_success:
            buyer.cancel(booking.body["id"])
    elif decision < 0.8:
        buyer.release(hold)
    # The others leave with what they hold: it goes with the session, or stays where the browser is just closed.
    if choice.random() < 0.9:
        buyer.log_out()
    else:
        buyer.close()


def book(url: str, user: str, choice: random.Random, pause: Pause) -> None:
    """Books without a hold, cancels the half of it, and asks for what is sold out."""
    buyer = Buyer(url, user, intents=[])
    # A second window: the same session.
    Buyer(url, user, intents=[]).close()
    booking = buyer.book("spring-gala", ticket_type="general", quantity=choice.randint(1, 2))
    buyer.book("recital")
    buyer.hold("recital")
    buyer.hold("no-such-event")
    if booking.is_success and choice.random() < 0.5:
        buyer.cancel(booking.body["id"])
    buyer.log_out()


def stand_in_line(url: str, user: str, choice: random.Random, pause: Pause) -> None:
    """Wants a VIP ticket and waits for it; the few who get one hold it for a while and give it back."""
    buyer = Buyer(url, user, intents=[])
    buyer.hold("spring-gala", ticket_type="vip", quantity=1)
    buyer.join("spring-gala", ticket_type="vip", quantity=1)
    for _ in range(choice.randint(4, 12)):
        if not pause(0.2) or buyer.place("spring-gala", "vip").status != 200:
            break
    own = buyer.call("GET", "/v1/holds?state=held")
    held = own.body["items"] if own.is_success else []
    pause(0.5 if held else 0.0)
    for hold in held:
        buyer.release(hold["id"])
    buyer.leave("spring-gala", "vip")
    buyer.log_out()


def let_expire(url: str, user: str, choice: random.Random, pause: Pause) -> None:
    """Holds, lets the time run out, and pays all the same: the ticket is still free."""
    buyer = Buyer(url, user, intents=[])
    hold = buyer.hold("club-night", ticket_type="balcony", quantity=1)
    if hold.is_success and pause(2.3) and choice.random() < 0.5:
        buyer.confirm(hold.body["id"])
    buyer.log_out()


def be_away(url: str, user: str, choice: random.Random, pause: Pause) -> None:
    """One has the only ticket, the next waits and goes away, the third waits and is there: they are passed over, and return."""
    owner, absent, present = (Buyer(url, f"{user}-{who}", intents=[]) for who in ("owner", "absent", "present"))
    owner.hold("club-night", ticket_type="floor")
    absent.join("club-night", ticket_type="floor")
    present.join("club-night", ticket_type="floor")
    for _ in range(25):
        if not pause(0.1) or present.place("club-night", "floor").status != 200:
            break
    pause(0.5)
    absent.place("club-night", "floor")
    for buyer in (present, absent, owner):
        buyer.log_out()


def be_first(url: str, user: str, choice: random.Random, pause: Pause) -> None:
    """Waits for two tickets where one is free, and takes the one by hand."""
    other, buyer = (Buyer(url, f"{user}-{who}", intents=[]) for who in ("other", "first"))
    other.hold("duet", quantity=1)
    buyer.join("duet", quantity=2)
    buyer.hold("duet", quantity=1)
    buyer.log_out()
    other.log_out()


def hurry(url: str, user: str, choice: random.Random, pause: Pause) -> None:
    """Asks for changes faster than anybody may."""
    buyer = Buyer(url, user, intents=[])
    for _ in range(60):
        if buyer.leave("spring-gala", "vip").status == 429:
            break
    buyer.log_out()
