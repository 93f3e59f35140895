"""The real program on a data directory of its own: started, asked, frozen, killed, started again.

    with Server({"snapshot.interval_seconds": "5"}, {"HOLDFAST_SIMULATED_DISK": "seed=1"}) as server:
        server.url              # http://127.0.0.1:PORT
        server.metrics_url      # http://127.0.0.1:PORT/metrics
        server.freeze(); server.thaw()                      # SIGSTOP, SIGCONT
        server.kill(); server.start()                       # kill -9, and up again: same ports, same data
        server.restart({"HOLDFAST_SIMULATED_DISK": "seed=1,fail_sync_at=9"})  # SIGTERM, and up in another environment

Settings are keys of the configuration, each with its value as TOML. At the end of the block the process is killed and its
directory removed, whatever happened.
"""

import os
import signal
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from process import Process

ROOT = Path(__file__).resolve().parents[3]

TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")

# `make observability` says which program; by hand it is the one that cargo builds.
PROGRAM = Path(os.environ.get("HOLDFAST_PROGRAM", TARGET / "debug" / "holdfast"))

ADMIN_TOKEN = "correct-horse-battery-staple"

SETTINGS = {
    "server.listen": '"127.0.0.1:0"',
    "metrics.listen": '"127.0.0.1:0"',
    "log.level": '"warn"',
    "log.format": '"json"',
    # Segments have the least size.
    "journal.segment_bytes": "1048576",
    "journal.batch_bytes_max": "524288",
    # Other work shares the machine: what is answered late here is no sign of too many requests.
    "overload.latency_target_ms": "60000",
}


class Server:
    """A server, running from the beginning of its `with` block on. Settings and environment can be changed between stops."""

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        program: Path = PROGRAM,
    ):
        self.settings = {**SETTINGS, **(settings or {})}
        self.environment = dict(environment or {})
        self.program = program
        self.url = ""
        self.metrics_url = ""
        self._place = tempfile.TemporaryDirectory(prefix="holdfast-observability.")
        self.directory = Path(self._place.name)
        self.data = self.directory / "data"
        self._process: Process | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.end()
        self._place.cleanup()

    def start(self, wait: bool = True) -> None:
        """Starts it, where it is down, and waits until it serves (unless it is to be seen how it does not).

        The ports are those of the first start.
        """
        assert not self.is_running(), "it runs already"
        words = [word for key, value in self.settings.items() for word in ("--set", f"{key}={value}")]
        command = [str(self.program), *words, "--data", str(self.data)]
        # What is set around the test must not reach the server.
        environment = {"PATH": os.environ["PATH"], "HOLDFAST_ADMIN_TOKEN": ADMIN_TOKEN, **self.environment}
        self._process = Process(command, self.directory / "log", environment, self.directory)
        if wait:
            self._process.announced("^Data directory: ")
            self._keep_addresses()

    def restart(self, environment: Mapping[str, str] | None = None) -> None:
        """Stops it in good order and starts it again, in this environment where one is given."""
        self.stop()
        if environment is not None:
            self.environment = dict(environment)
        self.start()

    def stop(self, seconds: float = 30) -> int:
        """SIGTERM: it stops in good order. Its exit code."""
        self.process.signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """SIGKILL: it stops at once."""
        self.process.end()

    def freeze(self) -> None:
        """SIGSTOP: it is there and does nothing until it thaws."""
        self.process.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.signal(signal.SIGCONT)

    def is_running(self) -> bool:
        return self._process is not None and self._process.is_running()

    @property
    def process(self) -> Process:
        """The process that was started last."""
        assert self._process is not None, "it was never started"
        return self._process

    def log(self) -> str:
        """What all its processes have written."""
        return (self.directory / "log").read_text(errors="replace")

    def metrics(self) -> str:
        """What Prometheus would read now."""
        with urllib.request.urlopen(self.metrics_url, timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def _keep_addresses(self) -> None:
        """Takes the addresses from what it has printed, for the next start to be on the same ports."""
        self.url = self.process.announced(r" listens on (http\S+)").group(1)
        self.settings["server.listen"] = f'"{self.url.removeprefix("http://")}"'
        self.metrics_url = f"{self.url}/metrics"
        if self.settings["metrics.listen"] != '""':
            self.metrics_url = self.process.announced(r"^Metrics: (http\S+)").group(1)
            self.settings["metrics.listen"] = f'"{self.metrics_url.split("/")[2]}"'
