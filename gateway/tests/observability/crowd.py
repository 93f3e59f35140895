"""A crowd that asks for the same thing again and again, each as soon as they have their answer: on one thread, so that many
requests are under way at once whatever else this process does."""

import selectors
import socket
import threading
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from caller import ANSWER_SECONDS

LOOK_EVERY_SECONDS = 0.1


class Asker:
    """One of the crowd, on a connection of their own."""

    def __init__(self, address: tuple[str, int], request: bytes):
        self._request = request
        self._answer = b""
        self.connection = socket.create_connection(address, timeout=ANSWER_SECONDS)
        self.connection.sendall(request)

    def take(self) -> bool:
        """Takes what has come, and asks again where the answer is whole. False where the connection is over."""
        more = self.connection.recv(65_536)
        self._answer += more
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if end and len(body) >= length_of(head):
            self._answer = b""
            self.connection.sendall(self._request)
        return bool(more)


def length_of(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def request_of(url: str, path: str, token: str, body: str) -> bytes:
    """A POST as it goes over the wire."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {urllib.parse.urlsplit(url).netloc}",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


@contextmanager
def crowd(url: str, requests: Sequence[bytes]) -> Iterator[None]:
    """Somebody for each of the requests asks it again and again in this block. Who is cut off begins anew."""
    host, port = urllib.parse.urlsplit(url).netloc.split(":")
    over = threading.Event()

    def press() -> None:
        with selectors.DefaultSelector() as selector:
            for request in requests:
                enter(selector, request)
            while not over.is_set():
                for key, _ in selector.select(LOOK_EVERY_SECONDS):
                    if not goes_on(key.data[0]):
                        leave(selector, key.data[0])
                        enter(selector, key.data[1])
            for key in list(selector.get_map().values()):
                leave(selector, key.data[0])

    def enter(selector: selectors.BaseSelector, request: bytes) -> None:
        asker = Asker((host, int(port)), request)
        selector.register(asker.connection, selectors.EVENT_READ, (asker, request))

    thread = threading.Thread(target=press, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def goes_on(asker: Asker) -> bool:
    try:
        return asker.take()
    except OSError:
        return False


def leave(selector: selectors.BaseSelector, asker: Asker) -> None:
    selector.unregister(asker.connection)
    asker.connection.close()
