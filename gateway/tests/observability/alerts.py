"""The alerts: what their file says, the same in less time, and which of them fire while somebody watches."""

import re
import threading
import time
from types import TracebackType
from typing import Self

from prometheus import Prometheus
from server import ROOT

RULES = ROOT / "config" / "prometheus" / "alerts.yml"
RUNBOOK = ROOT / "docs" / "runbook.md"

NAME = re.compile(r"^      - alert: (\w+)$", re.MULTILINE)
# The time that a condition must last, and the range that it looks at. Nothing else in the file is a duration.
DURATION = re.compile(r"(^        for: |\[)(\d+)([smh])(\]|$)", re.MULTILINE)
UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000}
OTHER_DURATIONS = re.compile(
    r"^ *(?:interval|keep_firing_for|query_offset|limit):|\boffset\b|@|\[[^\]]*:", re.MULTILINE
)

LOOK_EVERY_SECONDS = 0.25


def names(rules: str) -> set[str]:
    """The names of the alerts."""
    return set(NAME.findall(rules))


def entry_of(alert: str, rules: str) -> str:
    """The entry of the runbook that an alert names."""
    of_alert = rules.split(f"- alert: {alert}\n")[1].split("- alert: ")[0]
    found = re.search(r"^          runbook: (\S+)$", of_alert, re.MULTILINE)
    assert found, f"{alert} names no entry of the runbook"
    return found.group(1)


def quickened(rules: str, factor: int) -> str:
    """The same rules with all their times divided by `factor`, and nothing else changed: no threshold, no name, no query.

    Fails where a duration would be forgotten or is not a whole number of milliseconds then.
    """
    without_comments = re.sub(r"^ *#.*$", "", rules, flags=re.MULTILINE)
    assert not OTHER_DURATIONS.search(without_comments), f"a duration of another kind: {OTHER_DURATIONS.search(rules)}"
    places = len(re.findall(r"^ *for:", rules, re.MULTILINE)) + without_comments.count("[")

    def divide(found: re.Match[str]) -> str:
        milliseconds = int(found[2]) * UNIT_MS[found[3]]
        assert milliseconds % factor == 0, f"{found[0]} cannot be divided by {factor}"
        return f"{found[1]}{milliseconds // factor}ms{found[4]}"

    quick, divided = DURATION.subn(divide, rules)
    assert divided == places, f"{places} durations, and {divided} of them were divided"
    assert DURATION.sub(r"\1\4", rules) == re.sub(r"(for: |\[)\d+ms", r"\1", quick), "something else was changed"
    return quick


class Watch:
    """Looks all the time which alerts fire, in its `with` block, and keeps what it has seen."""

    def __init__(self, prometheus: Prometheus):
        self._prometheus = prometheus
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._firing: set[tuple[str, str]] = set()
        # When each was first seen, by the monotonic clock.
        self._seen: dict[tuple[str, str], float] = {}
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def firing(self, instance: str) -> set[str]:
        """The alerts of the instance that fire now."""
        with self._lock:
            return {alert for where, alert in self._firing if where == instance}

    def seen(self, instance: str) -> dict[str, float]:
        """The alerts of the instance that have fired until now, and when each was first seen."""
        with self._lock:
            return {alert: at for (where, alert), at in self._seen.items() if where == instance}

    def _look_on(self) -> None:
        while not self._over.wait(LOOK_EVERY_SECONDS):
            alerts = self._prometheus.alerts()
            firing = [alert["labels"] for alert in alerts if alert["state"] == "firing"]
            with self._lock:
                self._firing = {(labels.get("instance", ""), labels["alertname"]) for labels in firing}
                for one in self._firing:
                    self._seen.setdefault(one, time.monotonic())
