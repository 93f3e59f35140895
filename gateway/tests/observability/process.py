"""A process under test, and what it has written: its output goes into files, so that it never waits for a reader."""

import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from waiting import eventually


class Process:
    """A running process. Whoever starts one calls `end` in any case."""

    def __init__(self, command: Sequence[str], output: Path, environment: Mapping[str, str], cwd: Path | None = None):
        """Starts it; `output` gets what it prints, and what it logs too. What an earlier one has written stays."""
        self._command = " ".join(command)
        self._output = output
        self._offset = output.stat().st_size if output.exists() else 0
        with output.open("ab") as file:
            self._child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=dict(environment), cwd=cwd
            )

    def announced(self, pattern: str, seconds: float = 30) -> re.Match[str]:
        """Waits until it has written what fits, and fails where it ends before."""

        def look() -> re.Match[str] | None:
            running = self.is_running()
            found = re.search(pattern, self.written(), re.MULTILINE)
            if not found and not running:
                raise AssertionError(f"it has ended with {self._child.returncode}:\n{self.written()}")
            return found

        return eventually(f"{self._command} writes {pattern}", look, seconds)

    def written(self) -> str:
        """All that it has written since it was started."""
        with self._output.open("rb") as file:
            file.seek(self._offset)
            return file.read().decode(errors="replace")

    @property
    def number(self) -> int:
        """The number that the system knows it by."""
        return self._child.pid

    def is_running(self) -> bool:
        return self._child.poll() is None

    def signal(self, number: signal.Signals) -> None:
        self._child.send_signal(number)

    def wait(self, seconds: float = 30) -> int:
        """Waits until it has ended: its exit code, or the number of the signal that ended it, negative."""
        return self._child.wait(timeout=seconds)

    def end(self) -> None:
        """Kills it, wherever it is, also where it is frozen."""
        self._child.kill()
        self._child.wait()
