"""Who watches: streams and WebSockets of the live feed, read for as long as they are told anything."""

import base64
import contextlib
import json
import os
import random
import socket
import urllib.parse
from collections.abc import Callable

from caller import Buyer

READ_SECONDS = 0.5

# `limits.streams_per_session_max`.
OWN_STREAMS_MAX = 4


def follow(connection: socket.socket, go_on: Callable[[], bool]) -> None:
    """Takes what comes, until the sale or the connection is over."""
    connection.settimeout(READ_SECONDS)
    while go_on():
        try:
            if not connection.recv(65536):
                return
        except TimeoutError:
            continue


def watch_event(url: str, event: str, go_on: Callable[[], bool]) -> None:
    """The stream of an event's figures."""
    with ask(url, f"/v1/events/{event}/stream", {"Accept": "text/event-stream"}) as connection:
        follow(connection, go_on)


def watch_own(url: str, user: str, go_on: Callable[[], bool]) -> None:
    """The stream of all that becomes of a user's things."""
    buyer = Buyer(url, user)
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {buyer.token}"}
    with ask(url, "/v1/stream", headers) as connection:
        follow(connection, go_on)
    buyer.log_out()


def watch_by_socket(url: str, event: str, go_on: Callable[[], bool]) -> None:
    """A WebSocket that is subscribed to an event."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    with ask(url, "/v1/ws", headers) as connection:
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(4096)
            if not more:
                return
            head += more
        connection.sendall(masked_text(json.dumps({"subscribe": [f"event:{event}"]})))
        follow(connection, go_on)


def look_in(url: str, user: str, choice: random.Random, pause: Callable[[float], bool]) -> None:
    """Opens one's own stream more often than a session may, and goes again."""
    buyer = Buyer(url, user, intents=[])
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {buyer.token}"}
    with contextlib.ExitStack() as streams:
        for _ in range(OWN_STREAMS_MAX + 1):
            stream = streams.enter_context(ask(url, "/v1/stream", headers))
            stream.recv(4096)
    buyer.log_out()


def ask(url: str, path: str, headers: dict[str, str]) -> socket.socket:
    """A connection on which a GET has been sent."""
    host, port = urllib.parse.urlsplit(url).netloc.split(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}", *(f"{key}: {value}" for key, value in headers.items())]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    return connection


def masked_text(text: str) -> bytes:
    """A text of less than 126 bytes as a frame of a client (RFC 6455, 5.2)."""
    payload, mask = text.encode(), os.urandom(4)
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload)]) + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
