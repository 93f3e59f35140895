"""A unit file of systemd, and what it means for the process that is started by it."""

import subprocess
from collections import defaultdict
from pathlib import Path


class Unit:
    """The keys of a unit file. No key of ours stands in two sections."""

    def __init__(self, path):
        self.path = Path(path)
        self.values = defaultdict(list)
        for line in self.path.read_text().splitlines():
            key, equals, value = line.partition("=")
            if not equals or line.startswith(("#", ";")):
                continue
            # An empty value takes back what was said before.
            self.values[key] = [*self.values[key], value] if value else []

    def one(self, key):
        """The value of a key that must be there, once."""
        (value,) = self.values[key]
        return value

    def words(self, key):
        """All words of all lines of a key."""
        return [word for value in self.values[key] for word in value.split()]

    def is_on(self, key):
        """Whether a switch is on."""
        return self.values[key] == ["yes"]

    def seconds(self, key):
        """A span of time."""
        text = self.one(key)
        for suffix, factor in (("min", 60), ("s", 1)):
            if text.endswith(suffix):
                return int(text.removesuffix(suffix)) * factor
        raise ValueError(f"{key}={text} has no unit")

    def allowed_system_calls(self):
        """The system calls that SystemCallFilter lets through: its lines one after the other, as systemd.exec(5) says."""
        groups = read_groups()
        allowed = expand("@default", groups)
        for line in self.values["SystemCallFilter"]:
            names = {name for word in line.removeprefix("~").split() for name in expand(word, groups)}
            allowed = allowed - names if line.startswith("~") else allowed | names
        return allowed


def read_groups():
    """The groups of system calls that this systemd knows, by name: each its members, which may be groups."""
    listing = subprocess.run(
        ["systemd-analyze", "syscall-filter"], check=True, capture_output=True, text=True, env={"SYSTEMD_PAGER": ""}
    ).stdout
    groups, members = {}, None
    for line in listing.splitlines():
        if line.startswith("@"):
            members = groups.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#"):
            members.append(line.strip())
    return groups


def expand(word, groups):
    """The system calls of a group, or the one that is named."""
    if not word.startswith("@"):
        return {word}
    return {name for member in groups[word] for name in expand(member, groups)}
