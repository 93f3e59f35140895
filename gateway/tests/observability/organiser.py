"""What organisers do: each turn takes an event through its life, and looks after the others."""

import programme
from caller import Buyer, Caller
from server import ADMIN_TOKEN


class Organiser(Caller):
    """Who knows the operator's token."""

    def __init__(self, url: str):
        super().__init__(url, ADMIN_TOKEN)

    def create(self, event: dict[str, object]) -> None:
        """Makes an event, unless it is there already."""
        answer = self.call("POST", "/v1/admin/events", event)
        assert answer.is_success or answer.body["code"] == "event_exists", answer.body

    def move(self, event: str, status: str) -> None:
        self.call("PUT", f"/v1/admin/events/{event}/status", {"status": status, "reason": "as planned"})

    def change(self, event: str, **settings: object) -> None:
        self.call("PATCH", f"/v1/admin/events/{event}", settings)

    def snapshot(self) -> None:
        self.call("POST", "/v1/admin/snapshot")


def organise(url: str, number: int) -> None:
    """One turn. Odd ones end with a closed sale, even ones with a cancelled one."""
    organiser = Organiser(url)
    event = programme.matinee(number)
    name = str(event["id"])
    organiser.create(event)
    organiser.move(name, "scheduled")
    organiser.move(name, "on_sale")
    holder, waiting = (Buyer(url, f"{name}-{who}", intents=[]) for who in ("holder", "waiting"))
    first = holder.hold(name)
    waiting.join(name)
    if first.is_success:
        organiser.call("POST", f"/v1/admin/holds/{first.body['id']}/extend", {"seconds": 60})
    organiser.move(name, "paused")
    organiser.move(name, "on_sale")
    # One of them holds the ticket that was revoked, the other waits for it again.
    if first.is_success:
        organiser.call("DELETE", f"/v1/admin/holds/{first.body['id']}", {"reason": "as planned"})
    holder.join(name)
    organiser.change(name, max_extensions=3)
    organiser.move(name, "closed" if number % 2 else "cancelled")
    for buyer in (holder, waiting):
        buyer.log_out()
    draft = {**event, "id": f"draft-{number}"}
    organiser.create(draft)
    organiser.call("DELETE", f"/v1/admin/events/draft-{number}", {"reason": "as planned"})
    organiser.call("POST", "/v1/admin/cleanup", {})
    guest = Buyer(url, f"{name}-guest", intents=[])
    guest.close()
    sessions = organiser.call("GET", f"/v1/admin/sessions?user={guest.user}")
    for session in sessions.body["items"] if sessions.is_success else []:
        organiser.call("DELETE", f"/v1/admin/sessions/{session['id']}", {"reason": "as planned"})
    organiser.snapshot()
    organiser.close()
    stranger = Caller(url, "a-token-that-opens-nothing")
    stranger.call("GET", "/v1/admin/overview")
    stranger.close()
