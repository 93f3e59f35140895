"""The API of a server, as one user of it: a connection that is kept, and a token."""

import http.client
import json
import urllib.parse
from dataclasses import dataclass
from typing import Any

ANSWER_SECONDS = 10


@dataclass(frozen=True)
class Answer:
    """What came back, a refusal too."""

    status: int
    body: Any

    @property
    def is_success(self) -> bool:
        return self.status < 300


class Caller:
    """Asks one thing after the other. `OSError` and `HTTPException` are those of the connection; the next call opens another."""

    def __init__(self, url: str, token: str | None = None):
        self.url = url
        self.token = token
        address = urllib.parse.urlsplit(url).netloc
        self._connection = http.client.HTTPConnection(address, timeout=ANSWER_SECONDS)

    def call(self, method: str, path: str, body: object = None) -> Answer:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            self._connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise
        if answer.status >= 500 and answer.status != 503:
            self._connection.close()
            raise AssertionError(f"{method} {path}: {answer.status} {text.decode()}")
        return Answer(answer.status, json.loads(text) if text else None)

    def close(self) -> None:
        self._connection.close()


class Buyer(Caller):
    """A user who is logged in."""

    def __init__(self, url: str, user: str, intents: list[dict[str, object]] | None = None):
        """Logs in; without `intents`, each event sets aside what its settings say."""
        super().__init__(url)
        self.user = user
        self.outcomes: list[dict[str, Any]] = []
        wishes = {} if intents is None else {"intents": intents}
        answer = self.call("POST", "/v1/sessions", {"user": user, **wishes})
        if answer.is_success:
            self.token = answer.body["token"]
            self.outcomes = answer.body["outcomes"]

    def hold(self, event: str, **wish: object) -> Answer:
        return self.call("POST", f"/v1/events/{event}/holds", wish)

    def join(self, event: str, **wish: object) -> Answer:
        return self.call("POST", f"/v1/events/{event}/queue", wish)

    def book(self, event: str, **wish: object) -> Answer:
        return self.call("POST", f"/v1/events/{event}/bookings", wish)

    def place(self, event: str, ticket_type: str) -> Answer:
        return self.call("GET", f"/v1/events/{event}/queue/me?ticket_type={ticket_type}")

    def leave(self, event: str, ticket_type: str) -> Answer:
        return self.call("DELETE", f"/v1/events/{event}/queue/me?ticket_type={ticket_type}")

    def extend(self, hold: str) -> Answer:
        return self.call("POST", f"/v1/holds/{hold}/extend")

    def confirm(self, hold: str) -> Answer:
        return self.call("POST", f"/v1/holds/{hold}/confirm")

    def release(self, hold: str) -> Answer:
        return self.call("DELETE", f"/v1/holds/{hold}")

    def cancel(self, booking: str) -> Answer:
        return self.call("DELETE", f"/v1/bookings/{booking}")

    def log_out(self) -> None:
        self.call("DELETE", "/v1/sessions/me")
        self.close()
