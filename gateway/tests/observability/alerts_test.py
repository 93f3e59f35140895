"""The alerts: each real fault raises its own and no others, and a healthy sale raises none.

One Prometheus watches many servers at once: one with a healthy sale, and one for each fault of the table below. It evaluates
config/prometheus/alerts.yml with all times divided by QUICKER, scrapes and evaluations too; thresholds are those of the file.
Each fault is brought about, stays until all its alerts fire, and is taken away; then they must clear. What each fault is, is
said in faults.py.
"""

import re
import sys
import threading
import time
import traceback
import unittest
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import faults
from alerts import RULES, RUNBOOK, Watch, entry_of, names, quickened
from dashboard import METRIC
from prometheus import Prometheus, promtool
from sale import Sale
from server import ROOT, Server
from waiting import eventually

QUICKER = 20
# What config/prometheus/prometheus.yml says.
SCRAPE_SECONDS = 15

RAISE_SECONDS = 120
CLEAR_SECONDS = 120

HEALTHY = "healthy"


@dataclass(frozen=True)
class Fault:
    """A fault, and the alerts that it must raise; it may raise no others. Its name is that of its instance."""

    name: str
    bring: faults.Bringing
    alerts: frozenset[str]
    settings: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    # What else the server needs before its start.
    prepare: Callable[[Server], None] | None = None
    # The size of the disk of its own that its data is on; none where it needs none.
    disk: str | None = None


def fault(name: str, bring: faults.Bringing, *alerts: str, **more: Any) -> Fault:
    return Fault(name, bring, frozenset(f"Holdfast{alert}" for alert in alerts), **more)


def bug(name: str) -> dict[str, str]:
    return {"HOLDFAST_PLANTED_BUG": name}


def sync(milliseconds: int) -> dict[str, str]:
    return {"HOLDFAST_SIMULATED_DISK": f"seed=1,sync_microseconds={milliseconds * 1_000}"}


NO_RATES = {"limits.enabled": "false"}
FEW_AT_ONCE = {**NO_RATES, "overload.requests_max": "16"}
FEW_CONNECTIONS = {"limits.connections_max": "16"}
ONE_STREAM = {"limits.streams_max": "1"}
ANSWERS_WITHIN_A_SECOND = {**NO_RATES, "limits.handler_seconds": "1", "limits.body_read_seconds": "1"}
SNAPSHOTS_OFTEN = {**NO_RATES, "snapshot.interval_seconds": "3"}
OWN_CLOCK = faults.with_a_wall_clock_of_its_own

# The name of a fault and its instance, how it is brought about, the alerts that it must raise, and the server it needs.
FAULTS = [
    fault("violated", faults.violated, "InvariantViolated", environment=bug("ReleaseFreesTwice")),
    fault("oversold", faults.oversold, "Oversold", environment=bug("BookedShownTwice")),
    fault("killed", faults.killed, "Down"),
    fault("restarted", faults.restarted, "Restarting"),
    fault("crowded", faults.crowded, "Shedding", "NotReady", settings=FEW_AT_ONCE, environment=sync(30)),
    fault("connections", faults.connections_taken, "ConnectionsRefused", settings=FEW_CONNECTIONS),
    fault("streams", faults.streams_taken, "ConnectionsRefused", settings=ONE_STREAM),
    fault("slow-disk", faults.slow, "SyncSlow", "AnswersSlow", settings=NO_RATES, environment=sync(300)),
    fault(
        "slower-disk",
        faults.slow,
        *("SyncSlow", "AnswersSlow", "ServerErrors"),
        settings=ANSWERS_WITHIN_A_SECOND,
        environment=sync(600),
    ),
    fault("held-up", faults.stopped_again_and_again, "WheelLate"),
    fault("wheel-stands", faults.wheel_stands, "WheelStopped"),
    fault("line-blocked", faults.line_blocked, "LineBlocked"),
    fault("clock", faults.clock_stepped, "ClockStepped", prepare=OWN_CLOCK),
    fault("snapshots", faults.snapshots_fail, "SnapshotFailing", "SnapshotOld", settings=SNAPSHOTS_OFTEN),
    fault("disk-filling", faults.disk_fills, "DiskFilling", "DiskFullSoon", disk="64m"),
    fault("disk-full", faults.disk_full, "DiskFull", "NotReady", "DiskFilling", "DiskFullSoon", disk="64m"),
]

# No fault of one server makes all targets of Prometheus vanish: promtool tests it in alerts.test.yml.
WITHOUT_A_FAULT = {"HoldfastAbsent"}


@dataclass
class Outcome:
    """What came of a fault: alerts raised after so many seconds, and cleared so many after the fault had gone."""

    raised: dict[str, float] = field(default_factory=dict)
    cleared_seconds: float | None = None
    # Why it was not tried, or what went wrong.
    not_tried: str | None = None
    failure: str | None = None


class Form(unittest.TestCase):
    """What can be seen without running a server."""

    rules = RULES.read_text()

    def test_each_alert_is_understood_and_fires_as_its_tests_say(self) -> None:
        for words in (
            ("check", "config", str(ROOT / "config" / "prometheus" / "prometheus.yml")),
            ("test", "rules", str(ROOT / "config" / "prometheus" / "alerts.test.yml")),
        ):
            checked = promtool(*words)
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_each_alert_is_tested_with_all_that_it_says(self) -> None:
        tested = set(
            re.findall(r"^      - alertname: (\w+)$", (RULES.parent / "alerts.test.yml").read_text(), re.MULTILINE)
        )
        self.assertEqual(tested, names(self.rules))

    def test_each_alert_has_its_entry_in_the_runbook_and_each_entry_its_alert(self) -> None:
        entries = re.findall(r"^### (\w+)$", RUNBOOK.read_text(), re.MULTILINE)
        self.assertEqual(len(entries), len(set(entries)))
        self.assertEqual(set(entries), names(self.rules))
        for alert in names(self.rules):
            self.assertEqual(entry_of(alert, self.rules), f"docs/runbook.md#{alert.lower()}")

    def test_links_of_the_runbook_lead_somewhere(self) -> None:
        text = RUNBOOK.read_text()
        anchors = {alert.lower() for alert in names(self.rules)}
        for target in re.findall(r"\]\(([^)]+)\)", text):
            if target.startswith("#"):
                self.assertIn(target[1:], anchors)
            else:
                self.assertTrue((RUNBOOK.parent / target.split("#")[0]).exists(), target)

    def test_each_alert_has_a_fault_that_raises_it(self) -> None:
        raised = set().union(*(fault.alerts for fault in FAULTS))
        self.assertEqual(raised | WITHOUT_A_FAULT, names(self.rules))


class Faults(unittest.TestCase):
    """All faults at once, each at a server of its own, beside a healthy one."""

    prometheus: Prometheus
    sale: Sale
    watch: Watch
    servers: dict[str, Server]
    outcomes: dict[str, Outcome]
    families: set[str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.outcomes = {fault.name: Outcome() for fault in FAULTS}
        stack = cls.enterClassContext(ExitStack())
        cls.servers = start_servers(stack, cls.outcomes)
        rules = cls.servers[HEALTHY].directory / "alerts.yml"
        rules.write_text(quickened(RULES.read_text(), QUICKER))
        urls = {name: server.metrics_url for name, server in cls.servers.items()}
        seconds = SCRAPE_SECONDS / QUICKER
        cls.prometheus = cls.enterClassContext(Prometheus(urls, [rules], seconds, seconds))
        cls.watch = cls.enterClassContext(Watch(cls.prometheus))
        cls.sale = cls.enterClassContext(Sale(cls.servers[HEALTHY].url))
        for name in cls.servers:
            cls.prometheus.wait_until_up(name)
        cls.sale.wait_until_all_have_come(turns=1)
        cls.play()
        cls.families = {name for server in cls.servers.values() for name in families_of(server)}

    @classmethod
    def play(cls) -> None:
        """Plays all faults at once."""
        tried = [fault for fault in FAULTS if not cls.outcomes[fault.name].not_tried]
        threads = [threading.Thread(target=cls.play_one, args=(fault,)) for fault in tried]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(table(cls.outcomes), file=sys.stderr)

    @classmethod
    def play_one(cls, fault: Fault) -> None:
        outcome, server = cls.outcomes[fault.name], cls.servers[fault.name]
        began = time.monotonic()
        try:
            with fault.bring(server, lambda metric: cls.prometheus.value(f'{metric}{{instance="{fault.name}"}}')):
                eventually(
                    f"{fault.name} raises {', '.join(sorted(fault.alerts))}",
                    lambda: fault.alerts <= cls.watch.firing(fault.name),
                    RAISE_SECONDS,
                )
            ended = time.monotonic()
            eventually(f"{fault.name} clears", lambda: not cls.watch.firing(fault.name), CLEAR_SECONDS)
            outcome.cleared_seconds = time.monotonic() - ended
        except Exception:
            outcome.failure = (
                f"{traceback.format_exc()}\nfiring: {sorted(cls.watch.firing(fault.name))}\n{server.log()[-2_000:]}"
            )
        outcome.raised = {alert: at - began for alert, at in cls.watch.seen(fault.name).items()}

    def test_each_fault_raises_its_alerts_and_no_others_and_they_clear(self) -> None:
        for fault in FAULTS:
            outcome = self.outcomes[fault.name]
            with self.subTest(fault.name):
                if outcome.not_tried:
                    self.skipTest(outcome.not_tried)
                self.assertIsNone(outcome.failure, outcome.failure)
                self.assertEqual(set(outcome.raised), fault.alerts)

    def test_the_healthy_sale_raises_none_at_any_time(self) -> None:
        self.assertEqual(self.watch.seen(HEALTHY), {})
        self.assertEqual(
            self.prometheus.query(f'count_over_time(ALERTS{{alertstate="firing", instance="{HEALTHY}"}}[1h])'), []
        )
        self.assertEqual(self.sale.faults, [])

    def test_no_alert_was_raised_for_nobody(self) -> None:
        fired = self.prometheus.query('group by (instance) (count_over_time(ALERTS{alertstate="firing"}[1h]))')
        tried = {name for name, outcome in self.outcomes.items() if not outcome.not_tried}
        self.assertEqual({series.labels.get("instance") for series in fired}, tried)

    def test_rules_are_evaluated_without_errors(self) -> None:
        self.assertEqual([rule["lastError"] for rule in self.prometheus.rules() if rule["health"] != "ok"], [])

    def test_metrics_of_rules_and_runbook_exist(self) -> None:
        parts = {f"{family}_{part}" for family in self.families for part in ("bucket", "sum", "count")}
        for path in (RULES, RUNBOOK):
            named = set(METRIC.findall(path.read_text()))
            self.assertEqual(named - self.families - parts, set(), f"{path.name} names what is no metric")

    def test_labels_of_rules_exist(self) -> None:
        for metric, label, value in selected(RULES.read_text()):
            with self.subTest(f"{metric}: {label}"):
                found = self.prometheus.label_values(label, f"{metric}")
                self.assertEqual(set(value.split("|")) - set(found), set())

    def test_queries_of_the_runbook_are_understood(self) -> None:
        queries = re.findall(r"^ *```promql\n(.+?)\n *```$", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
        self.assertGreater(len(queries), 30)
        for query in queries:
            self.prometheus.query(query)


def start_servers(stack: ExitStack, outcomes: Mapping[str, Outcome]) -> dict[str, Server]:
    """Starts a server for each fault that can be tried here, and a healthy one."""
    servers = {HEALTHY: Server()}
    for fault in FAULTS:
        server = Server(fault.settings, fault.environment)
        try:
            if fault.disk:
                server.data = stack.enter_context(faults.small_disk(fault.disk)) / "data"
            if fault.prepare:
                fault.prepare(server)
        except faults.CannotBeTried as reason:
            outcomes[fault.name].not_tried = str(reason)
            continue
        servers[fault.name] = server
    with ThreadPoolExecutor() as pool:
        list(pool.map(stack.enter_context, servers.values()))
    return servers


def families_of(server: Server) -> set[str]:
    return set(re.findall(r"^# TYPE (\S+) ", server.metrics(), re.MULTILINE))


def selected(rules: str) -> Iterator[tuple[str, str, str]]:
    """What the rules select series by: the metric, the label, and its values. Statuses come as they come."""
    for metric, braces in re.findall(r"\b((?:holdfast|process)_\w+)\{([^}]*)\}", rules):
        for label, value in re.findall(r'(\w+)=~?"([^"]*)"', braces):
            if label not in ("status", "job", "instance"):
                yield metric, label, value


def table(outcomes: Mapping[str, Outcome]) -> str:
    """The faults with what came of them, for whoever reads the test's output."""
    lines = [f"{'fault':<14}{'cleared':>8}  raised"]
    for name, outcome in outcomes.items():
        cleared = "-" if outcome.cleared_seconds is None else f"{outcome.cleared_seconds:.0f} s"
        raised = ", ".join(f"{alert} after {after:.0f} s" for alert, after in sorted(outcome.raised.items()))
        lines.append(f"{name:<14}{cleared:>8}  {outcome.not_tried or raised or 'nothing'}")
    return "\n".join(["", *lines])


if __name__ == "__main__":
    unittest.main()
