"""A real Prometheus, which scrapes servers every second and evaluates rules every second.

    with Prometheus({"first": server.metrics_url, "second": other.metrics_url}, [ROOT / "config/prometheus/alerts.yml"]) as prometheus:
        prometheus.wait_until_up("first")
        prometheus.query("sum(up)")                       # [Series({}, [(1765000000.0, 2.0)])]
        prometheus.query_range("holdfast_sessions", start, end, step_seconds=1)
        prometheus.alerts()                               # [{"labels": {…}, "state": "firing", …}]

The name of an instance is its label `instance`. All series have the label `job`, "holdfast". It is Debian's package: where
it is not installed, `make observability` takes it from there.
"""

import json
import math
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from process import Process
from server import ROOT
from waiting import eventually

# Where the Makefile puts the package's programs where they are not installed.
UNPACKED = ROOT / ".tools" / "prometheus" / "usr" / "bin"


@dataclass(frozen=True)
class Series:
    """A series of an answer: its labels, and its values as (seconds since 1970, value)."""

    labels: dict[str, str]
    values: list[tuple[float, float]]

    def has_a_value(self) -> bool:
        """Whether any of the values is a number."""
        return any(math.isfinite(value) for _, value in self.values)

    def has_more_than_nothing(self) -> bool:
        """Whether any of the values is a number other than 0."""
        return any(math.isfinite(value) and value != 0 for _, value in self.values)


class QueryError(Exception):
    """Prometheus does not understand a query, or could not evaluate it."""


def program(name: str) -> str:
    """The path of `prometheus` or `promtool`."""
    found = shutil.which(name) or shutil.which(name, path=str(UNPACKED))
    assert found, f"{name} is missing: apt-get install --no-install-recommends prometheus, or `make observability`"
    return found


def promtool(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Runs promtool with `text` as its input; whoever asks looks at the exit code and at what it says."""
    return subprocess.run(
        [program("promtool"), *words], input=text, capture_output=True, text=True, timeout=60, check=False
    )


class Prometheus:
    """A Prometheus, running in its `with` block, in a directory of its own that is removed with it."""

    def __init__(
        self,
        instances: Mapping[str, str],
        rules: Sequence[Path] = (),
        scrape_seconds: float = 1,
        evaluation_seconds: float = 1,
    ):
        """Scrapes the URLs of `instances`, each under its name, and evaluates the files of rules."""
        self._instances = dict(instances)
        self._configuration = configuration(instances, rules, scrape_seconds, evaluation_seconds)
        self._place = tempfile.TemporaryDirectory(prefix="holdfast-prometheus.")
        self._process: Process | None = None
        self.url = ""

    def __enter__(self) -> Self:
        try:
            self._start(Path(self._place.name))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.end()
        self._place.cleanup()

    def _start(self, directory: Path) -> None:
        # JSON is YAML.
        (directory / "prometheus.yml").write_text(json.dumps(self._configuration, indent=2))
        command = [
            program("prometheus"),
            f"--config.file={directory / 'prometheus.yml'}",
            f"--storage.tsdb.path={directory / 'data'}",
            "--web.listen-address=127.0.0.1:0",
        ]
        environment = {"PATH": os.environ["PATH"]}
        self._process = Process(command, directory / "log", environment, directory)
        address = self._process.announced(r'msg="Listening on" address=(\S+)').group(1)
        self.url = f"http://{address}"
        self._process.announced("Server is ready to receive web requests")

    def wait_until_up(self, instance: str, seconds: float = 20) -> None:
        """Waits until a scrape of the instance has gone well."""
        eventually(f"{instance} is scraped", lambda: self.value(f'up{{instance="{instance}"}}') == 1, seconds)

    def value(self, expression: str) -> float | None:
        """The one value of an expression now; None where it has no series."""
        found = self.query(expression)
        assert len(found) <= 1, f"{expression} has {len(found)} series"
        return found[0].values[0][1] if found else None

    def query(self, expression: str, at: float | None = None) -> list[Series]:
        """The values of an expression now, or at a time in seconds since 1970."""
        answer = self._ask("query", {"query": expression, "time": at or time.time()})
        if answer["resultType"] == "scalar":
            return [Series({}, numbers([answer["result"]]))]
        return [Series(one["metric"], numbers([one["value"]])) for one in answer["result"]]

    def query_range(self, expression: str, start: float, end: float, step_seconds: float = 1) -> list[Series]:
        """The values of an expression from `start` to `end`, in seconds since 1970, as a panel draws them."""
        answer = self._ask("query_range", {"query": expression, "start": start, "end": end, "step": step_seconds})
        return [Series(one["metric"], numbers(one["values"])) for one in answer["result"]]

    def label_values(self, label: str, match: str) -> list[str]:
        """The values of a label in the series that match."""
        values: list[str] = self._ask(f"label/{label}/values", {"match[]": match})
        return values

    def series(self, match: str) -> list[dict[str, str]]:
        """The labels of the series that match."""
        found: list[dict[str, str]] = self._ask("series", {"match[]": match})
        return found

    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that are pending or firing: {"labels", "annotations", "state", "activeAt", "value"}."""
        alerts: list[dict[str, Any]] = self._ask("alerts", {})["alerts"]
        return alerts

    def rules(self) -> list[dict[str, Any]]:
        """All rules of all groups: {"name", "query", "health", "lastError", "state", …}."""
        return [rule for group in self._ask("rules", {})["groups"] for rule in group["rules"]]

    def targets(self) -> list[dict[str, Any]]:
        """What is scraped: {"labels", "health", "lastError", "lastScrapeDuration", …}."""
        targets: list[dict[str, Any]] = self._ask("targets", {"state": "active"})["activeTargets"]
        return targets

    def _ask(self, what: str, parameters: Mapping[str, object]) -> Any:
        url = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as refusal:
            problem = refusal.read().decode(errors="replace")
            raise QueryError(f"{parameters.get('query', what)}: {problem}") from None


def numbers(values: Sequence[tuple[float, str]]) -> list[tuple[float, float]]:
    """The values of an answer, where they stand as texts."""
    return [(at, float(value)) for at, value in values]


def configuration(
    instances: Mapping[str, str], rules: Sequence[Path], scrape_seconds: float, evaluation_seconds: float
) -> dict[str, object]:
    """What Prometheus is to do, as its configuration file says it."""
    targets = [
        {"targets": [urllib.parse.urlsplit(url).netloc], "labels": {"instance": name}}
        for name, url in instances.items()
    ]
    return {
        "global": {"scrape_interval": duration(scrape_seconds), "evaluation_interval": duration(evaluation_seconds)},
        "rule_files": [str(path.resolve()) for path in rules],
        "scrape_configs": [
            {"job_name": "holdfast", "scrape_timeout": duration(scrape_seconds), "static_configs": targets}
        ],
    }


def duration(seconds: float) -> str:
    """A time as Prometheus writes it, which has whole numbers only."""
    return f"{round(seconds * 1_000)}ms"
