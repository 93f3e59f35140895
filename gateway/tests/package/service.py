"""Starts a service as its unit says, on a machine whose first process is not systemd.

The user, the directories, the environment, the limits, the mounts and the system call filter are made as systemd.exec(5)
describes them, by the kernel's own means, and the process is believed to serve once it has said READY=1. What is not done here:
PrivateUsers, control groups, the restarts, and the watchdog's signal.
"""

import json
import os
import pwd
import resource
import shlex
import signal
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

PLACE = Path(__file__).resolve().parent
# A start or a stop that takes longer is broken; on a busy machine both take some seconds.
DEADLINE_SECONDS = 90

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


class ServiceError(Exception):
    """The service did not do what its unit promises."""


class Service:
    """A run of a service. `environment` is what a drop-in of the unit would set."""

    def __init__(self, unit, environment):
        self.unit = unit
        self.stage = Path(tempfile.mkdtemp(prefix="holdfast-service.", dir="/run"))
        self.stage.chmod(0o755)
        self.messages = []
        self.socket = self.listen()
        self.log = self.stage / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.command(), env=self.environment(environment), cwd="/", stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def wait_until_ready(self):
        """Waits for READY=1. What it says before that counts for nothing."""
        self.wait_for("READY=1")
        return self

    def wait_for(self, message):
        """Waits until the main process has sent `message`."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while message not in self.messages:
            if self.process.poll() is not None:
                raise ServiceError(f"it ended with {self.process.returncode}, and no {message}:\n{self.log.read_text()}")
            if time.monotonic() > deadline:
                raise ServiceError(f"no {message} within {DEADLINE_SECONDS} s:\n{self.log.read_text()}")
            self.receive()

    def wait_for_end(self):
        """Waits for its end, and gives the exit code (a signal as a negative number)."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise ServiceError(f"it has not ended within {DEADLINE_SECONDS} s:\n{self.log.read_text()}")
            self.receive()
        while self.receive(seconds=0):
            pass
        return self.process.returncode

    def stop(self):
        """Stops it as systemd does, and gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait_for_end()

    def output(self):
        """All that it has written."""
        return self.log.read_text()

    def clear_away(self):
        """Ends it where it still runs, and removes what its start made."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.socket.close()
        subprocess.run(["rm", "--recursive", "--force", str(self.stage)], check=True)

    def listen(self):
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(self.stage / "notify"))
        (self.stage / "notify").chmod(0o666)
        notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        return notify

    def receive(self, seconds=0.05):
        """Takes a message, if there is one in time. NotifyAccess=main: only that of the main process."""
        self.socket.settimeout(seconds)
        try:
            text, ancillary, _, _ = self.socket.recvmsg(4096, socket.CMSG_SPACE(12))
        except (TimeoutError, BlockingIOError):
            return False
        sender = next(struct.unpack("3i", data)[0] for _, kind, data in ancillary if kind == socket.SCM_CREDENTIALS)
        if sender == self.process.pid:
            self.messages += text.decode().splitlines()
        return True

    def environment(self, extra):
        user = pwd.getpwnam(self.unit.one("User"))
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
            "LANG": "C.UTF-8",
            "USER": user.pw_name,
            "LOGNAME": user.pw_name,
            "HOME": user.pw_dir,
            "STATE_DIRECTORY": f"/var/lib/{self.unit.one('StateDirectory')}",
            "CONFIGURATION_DIRECTORY": f"/etc/{self.unit.one('ConfigurationDirectory')}",
            "NOTIFY_SOCKET": str(self.stage / "notify"),
            "WATCHDOG_USEC": str(self.unit.seconds("WatchdogSec") * 1_000_000),
            **extra,
        }

    def command(self):
        """Each of these becomes the next one, so the process that is started is the main process."""
        unit = self.unit
        limits = self.stage / "limits.json"
        families = [getattr(socket, name).value for name in unit.words("RestrictAddressFamilies")]
        allowed = sorted(unit.allowed_system_calls())
        writable_code = not unit.is_on("MemoryDenyWriteExecute")
        limits.write_text(json.dumps({"allowed": allowed, "families": families, "writable_code": writable_code}))
        confine = self.stage / "confine.py"
        confine.write_text((PLACE / "confine.py").read_text())
        # A sandbox may have less, and no right to more.
        files = min(int(unit.one("LimitNOFILE")), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
        user = [f"--reuid={unit.one('User')}", f"--regid={unit.one('Group')}", "--init-groups"]
        rights = ["--no-new-privs", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"]
        # Before it becomes the user, a shell lays the mounts; WATCHDOG_PID is that of the process it becomes.
        script = [
            "set -eu",
            *self.mounts(),
            f"umask {unit.one('UMask')}",
            f"cd {unit.one('WorkingDirectory')}",
            "export WATCHDOG_PID=$$",
            shlex.join(
                ["exec", "prlimit", f"--nofile={files}", f"--core={unit.one('LimitCORE')}"]
                + ["setpriv", *user, *rights, "/usr/bin/python3", "-I", str(confine), str(limits)]
                + shlex.split(unit.one("ExecStart"))
            ),
        ]
        return ["unshare", "--mount", "--ipc", "--propagation", "private", "/bin/sh", "-c", "\n".join(script)]

    def mounts(self):
        """What it sees of the file system."""
        unit = self.unit
        state = f"/var/lib/{unit.one('StateDirectory')}"
        owner = f"--owner={unit.one('User')} --group={unit.one('Group')}"
        yield f"install --directory {owner} --mode={unit.one('StateDirectoryMode')} {state}"
        if unit.values["ProtectSystem"] == ["strict"]:
            yield f"mount --bind {state} {state}"
            yield "for point in $(cut --delimiter=' ' --fields=5 /proc/self/mountinfo); do"
            yield "  case $point in"
            yield "    /proc|/proc/*|/sys|/sys/*|/dev|/dev/*) ;;"
            yield "    *) mount -o remount,bind,ro $point ;;"
            yield "  esac"
            yield "done"
            yield f"mount -o remount,bind,rw {state}"
        if unit.is_on("ProtectHome"):
            yield "for home in /home /root /run/user; do [ ! -d $home ] || mount -t tmpfs -o ro,mode=755 tmpfs $home; done"
        if unit.is_on("PrivateTmp"):
            yield "for temporary in /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $temporary; done"
        if unit.is_on("PrivateDevices"):
            devices = self.stage / "devices"
            devices.mkdir()
            yield f"mount -t tmpfs -o mode=755 tmpfs {devices}"
            for device in DEVICES:
                yield f"touch {devices}/{device}; mount --bind /dev/{device} {devices}/{device}"
            yield f"mount --rbind {devices} /dev"
        if unit.values["ProtectProc"] == ["invisible"]:
            yield "mount -t proc -o hidepid=invisible proc /proc"
