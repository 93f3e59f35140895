"""The dashboard as Grafana reads it: its panels, its queries, and what its variables stand for."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from server import ROOT

PATH = ROOT / "config" / "grafana" / "holdfast.json"

# What Grafana puts for $__rate_interval is four scrapes or more.
RATE_INTERVAL = "10s"

LABEL_VALUES = re.compile(r"label_values\((?:(?P<match>.+), *)?(?P<label>\w+)\)")
METRIC = re.compile(r"\b(?:holdfast|process)_[a-z0-9_]+\b")
# A word is a label there, or the value of one.
BRACES = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True)
class Query:
    """A query of a panel, with its variables."""

    panel: str
    expression: str
    # Whether the panel shows the newest value, not those of a span of time.
    instant: bool

    @property
    def metrics(self) -> set[str]:
        return metrics_in(self.expression)

    @property
    def counts(self) -> bool:
        """Whether it is about what happens, so that a healthy sale has more than nothing of it.

        What happens only after a fault says so itself: its query has `or vector(0)`.
        """
        return bool(re.search(r"\b(rate|histogram_quantile)\(", self.expression)) and "vector(0)" not in self.expression


class Dashboard:
    """What the file says."""

    def __init__(self) -> None:
        self.text = PATH.read_text()
        self.model: dict[str, Any] = json.loads(self.text)

    def panels(self) -> list[dict[str, Any]]:
        """All panels, rows too, in the order of the file."""
        return [one for panel in self.model["panels"] for one in (panel, *panel.get("panels", []))]

    def charts(self) -> list[dict[str, Any]]:
        """All panels but the rows."""
        return [panel for panel in self.panels() if panel["type"] != "row"]

    def queries(self) -> list[Query]:
        return [
            Query(panel["title"], target["expr"], target.get("instant", False))
            for panel in self.charts()
            for target in panel["targets"]
        ]

    def annotations(self) -> list[str]:
        """The queries of the annotations, but for Grafana's own."""
        return [one["expr"] for one in self.model["annotations"]["list"] if not one.get("builtIn")]

    def variables(self) -> Iterator[tuple[str, str, str]]:
        """The variables that Prometheus knows the values of: the name, the series to look at, and their label."""
        for variable in self.model["templating"]["list"]:
            if variable["type"] == "query":
                found = LABEL_VALUES.fullmatch(variable["query"]["query"])
                assert found and found["match"], f"{variable['name']}: {variable['query']['query']} is no label_values"
                yield variable["name"], found["match"], found["label"]


def metrics_in(expression: str) -> set[str]:
    """The names of the series that a query reads."""
    return set(METRIC.findall(BRACES.sub("", expression)))


def filled_in(expression: str, variables: Mapping[str, list[str]]) -> str:
    """A query with its variables replaced, as Grafana does where all values are chosen."""
    for name, values in variables.items():
        expression = expression.replace(
            f"${name}", "|".join(re.escape(value).replace("\\", "\\\\") for value in values)
        )
    expression = expression.replace("$__rate_interval", RATE_INTERVAL)
    assert "$" not in expression, f"an unknown variable: {expression}"
    return expression
