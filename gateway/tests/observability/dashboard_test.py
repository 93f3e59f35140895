"""The dashboard: its form, and every one of its queries against a real sale.

No query is excused: in a healthy sale each has data. What happens only after a fault shows 0 then (`or vector(0)`), and
what a sale has all the time (rates, times) shows more than nothing.
"""

import contextlib
import itertools
import json
import re
import time
import unittest
from functools import partial

from dashboard import Dashboard, Query, filled_in, metrics_in
from prometheus import Prometheus, promtool
from sale import Sale
from server import ROOT, Server
from waiting import eventually

COLUMNS = 24

# A sale has everything long before.
DATA_SECONDS = 45

RUNBOOK = ROOT / "docs" / "runbook.md"
ALERTS = ROOT / "config" / "prometheus" / "alerts.yml"


class Form(unittest.TestCase):
    """What can be seen without running anything."""

    dashboard: Dashboard

    @classmethod
    def setUpClass(cls) -> None:
        cls.dashboard = Dashboard()

    def test_the_file_is_formatted(self) -> None:
        formatted = json.dumps(self.dashboard.model, indent=2, ensure_ascii=False) + "\n"
        self.assertEqual(formatted, self.dashboard.text, "format it with two spaces, as Grafana exports it")

    def test_panels_have_numbers_of_their_own(self) -> None:
        numbers = [panel["id"] for panel in self.dashboard.panels()]
        self.assertEqual(len(numbers), len(set(numbers)))

    def test_panels_lie_in_the_columns_and_do_not_overlap(self) -> None:
        for panel in self.dashboard.panels():
            place = panel["gridPos"]
            self.assertTrue(0 <= place["x"] and place["x"] + place["w"] <= COLUMNS, panel["title"])
            self.assertTrue(0 <= place["y"] and 0 < place["w"] and 0 < place["h"], panel["title"])
        for one, other in itertools.combinations(self.dashboard.panels(), 2):
            self.assertFalse(overlap(one["gridPos"], other["gridPos"]), f"{one['title']} and {other['title']} overlap")

    def test_every_panel_explains_itself(self) -> None:
        titles = [panel["title"] for panel in self.dashboard.charts()]
        self.assertEqual(len(titles), len(set(titles)), "two panels have the same title")
        for panel in self.dashboard.charts():
            with self.subTest(panel["title"]):
                self.assertGreater(len(panel["description"]), 20)
                self.assertTrue(panel["fieldConfig"]["defaults"]["unit"])
                self.assertTrue(panel["fieldConfig"]["defaults"]["thresholds"]["steps"])
                references = [target["refId"] for target in panel["targets"]]
                self.assertEqual(len(references), len(set(references)))

    def test_every_query_asks_the_chosen_source_and_instances(self) -> None:
        source = {"type": "prometheus", "uid": "${datasource}"}
        for panel in self.dashboard.charts():
            self.assertEqual(panel["datasource"], source, panel["title"])
            for target in panel["targets"]:
                self.assertEqual(target["datasource"], source, panel["title"])
                for name in metrics_in(target["expr"]):
                    without = re.findall(rf'{name}(?!\w)(?!{{[^}}]*instance=~"\$instance")', target["expr"])
                    self.assertEqual(without, [], f"{panel['title']}: {name} of all instances")

    def test_nothing_is_drawn_beside_what_there_is(self) -> None:
        for query in self.dashboard.queries():
            if " by (" in query.expression:
                self.assertNotIn(
                    "or vector(0)", query.expression, f"{query.panel}: this adds a series; or on () does not"
                )

    @unittest.skipUnless(RUNBOOK.exists() and ALERTS.exists(), "there are no alerts")
    def test_alerts_and_panels_lead_to_the_same_entries_of_the_runbook(self) -> None:
        headings = re.findall(r"^#+ (.+)$", RUNBOOK.read_text(), re.MULTILINE)
        entries = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        linked = set(re.findall(r"docs/runbook\.md#([a-z0-9-]+)", self.dashboard.text))
        self.assertEqual(linked - entries, set(), "the runbook has no such entry")
        alerts = {name.lower() for name in re.findall(r"^\s*- alert: (\w+)$", ALERTS.read_text(), re.MULTILINE)}
        self.assertEqual(alerts - linked, set(), "no panel leads to the entries of these alerts")


class Live(unittest.TestCase):
    """A sale at one instance, none at another, and a Prometheus that watches both."""

    dashboard: Dashboard
    busy: Server
    prometheus: Prometheus
    sale: Sale
    began: float
    variables: dict[str, list[str]]

    @classmethod
    def setUpClass(cls) -> None:
        cls.dashboard = Dashboard()
        cls.busy = cls.enterClassContext(Server())
        idle = cls.enterClassContext(Server())
        cls.prometheus = cls.enterClassContext(Prometheus({"busy": cls.busy.metrics_url, "idle": idle.metrics_url}))
        cls.began = time.time()
        cls.prometheus.wait_until_up("busy")
        cls.prometheus.wait_until_up("idle")
        cls.sale = cls.enterClassContext(Sale(cls.busy.url))
        cls.sale.wait_until_all_have_come()
        cls.variables = {}
        for name, match, label in cls.dashboard.variables():
            look = partial(cls.prometheus.label_values, label, filled_in(match, cls.variables))
            cls.variables[name] = eventually(f"a value of ${name}", look)

    def test_variables_have_the_values_that_there_are(self) -> None:
        self.assertEqual(self.variables["instance"], ["busy", "idle"])
        self.assertIn("spring-gala", self.variables["event"])

    def test_every_query_has_data(self) -> None:
        missing = list(self.dashboard.queries())
        self.assertGreater(len(missing), 100)

        def none_is_missing() -> bool:
            missing[:] = [query for query in missing if not self.has_data(query)]
            return not missing

        with contextlib.suppress(AssertionError):
            eventually("every query has data", none_is_missing, DATA_SECONDS)
        self.assertEqual([f"{query.panel}: {query.expression}" for query in missing], [], "no data")

    def test_annotations_are_understood(self) -> None:
        for expression in self.dashboard.annotations():
            self.prometheus.query_range(filled_in(expression, self.variables), self.began, time.time())

    def test_every_metric_is_on_the_dashboard_and_no_other(self) -> None:
        families = dict(re.findall(r"^# TYPE (\S+) (\S+)$", self.busy.metrics(), re.MULTILINE))
        shown = set().union(*(query.metrics for query in self.dashboard.queries()))
        for histogram in [name for name, kind in families.items() if kind == "histogram"]:
            if shown & {f"{histogram}_{part}" for part in ("bucket", "sum", "count")}:
                shown -= {f"{histogram}_{part}" for part in ("bucket", "sum", "count")}
                shown.add(histogram)
        ours = {name for name in families if name.startswith("holdfast_")}
        with self.subTest("on the dashboard, and not among the metrics"):
            self.assertEqual(shown - set(families), set())
        with self.subTest("among the metrics, and not on the dashboard"):
            self.assertEqual(ours - shown, set())

    def test_promtool_has_no_complaint_about_the_metrics(self) -> None:
        checked = promtool("check", "metrics", text=self.busy.metrics())
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "", ""))

    def test_the_sale_goes_on_without_faults(self) -> None:
        self.assertEqual(self.sale.faults, [])
        self.assertEqual(self.sale.interruptions, 0)

    def has_data(self, query: Query) -> bool:
        """Whether a panel would show something by now; an error of the query is one of the test."""
        expression = filled_in(query.expression, self.variables)
        if query.instant:
            found = self.prometheus.query(expression)
        else:
            found = self.prometheus.query_range(expression, self.began, time.time())
        if query.counts:
            return any(series.has_more_than_nothing() for series in found)
        return any(series.has_a_value() for series in found)


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    """Whether two places on the grid have a field in common."""
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


if __name__ == "__main__":
    unittest.main()
