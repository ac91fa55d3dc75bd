# SPDX-License-Identifier: BSD-3-Clause
"""A student's programs: started without a shell, watched, and always ended."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import programs
from .processes import MARK, Guardian
from .table import Bad

OUTPUT_MOST = 1 << 16
LISTENING = re.compile(r"^relay: listening on (\S+):(\d+)$", re.M)


class NotPossible(Exception):
    """What could not be done here, whatever the program that is graded is like."""


def search_path():
    """PATH with the programs of this installation first, so that `timesync` is the right one."""
    directories = dict.fromkeys(os.path.dirname(programs.ours(name))
                                for name in ("timesync", "timesyncd"))
    return ":".join([*directories, os.environ.get("PATH", "")])


def fill_in(command, places, needed=()):
    """The words of a command, with {name} replaced in each."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise Bad(f"'{command}': {error}") from None
    if not words:
        raise Bad("the command is empty")
    for name in needed:
        if f"{{{name}}}" not in command:
            raise Bad(f"'{command}': must contain {{{name}}}, which stands for the {name}")
    for name, value in places.items():
        words = [word.replace(f"{{{name}}}", str(value)) for word in words]
    if not shutil.which(words[0], path=search_path()):
        raise Bad(f"'{words[0]}' is no program that can be started: build it first")
    return words


@dataclass(frozen=True)
class Ended:
    """How a program ended; the status is None if it had to be killed."""

    status: int | None
    stdout: str
    stderr: str


class Program:
    """A running program, its output in files."""

    def __init__(self, argv, env, directory):
        self._out = tempfile.TemporaryFile(dir=directory)
        self._err = tempfile.TemporaryFile(dir=directory)
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._err, env=env,
            start_new_session=True)

    @property
    def pid(self):
        """Its id."""
        return self._process.pid

    @property
    def stdout(self):
        """What it has printed."""
        return os.pread(self._out.fileno(), OUTPUT_MOST, 0).decode(errors="replace")

    @property
    def stderr(self):
        """What it has complained about."""
        return os.pread(self._err.fileno(), OUTPUT_MOST, 0).decode(errors="replace")

    @property
    def running(self):
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def signal(self, signo):
        """To it and to what it has started."""
        try:
            os.killpg(self._process.pid, signo)
        except ProcessLookupError:
            pass

    def wait(self, limit):
        """How it ended; it is killed after `limit` s."""
        try:
            status = self._process.wait(limit)
        except subprocess.TimeoutExpired:
            status = None
        self.signal(signal.SIGKILL)
        self._process.wait()
        return Ended(status, self.stdout, self.stderr)


class Sandbox:
    """A temporary directory, and programs that end with it."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="timesync-lab-"))
        self._guardian = Guardian(str(self.directory), keep=False)
        self._env = {**os.environ, MARK: str(self.directory), "PATH": search_path()}
        self._env.pop("TIMESYNC_CLOCK", None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._guardian.clean_up()

    def start(self, argv):
        """Start a program."""
        return Program(argv, self._env, self.directory)

    def relay(self, source, server, *options):
        """Start a relay to a server for clients of this address; (host, port) where it listens."""
        def place(address):
            host, port = address
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        relay = self.start([programs.ours("relay"), "--listen", place((source, 0)),
                            "--to", place(server), *options])
        found = wait_for(lambda: LISTENING.search(relay.stdout) or not relay.running, 10)
        if not isinstance(found, re.Match):
            raise NotPossible(f"the relay does not start: {relay.stderr.strip()}")
        return found[1].strip("[]"), int(found[2])

    def timesync(self, *args):
        """Run timesync, which must succeed."""
        done = subprocess.run([programs.ours("timesync"), *args], env=self._env, timeout=30,
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotPossible(f"timesync {args[0]}: {done.stderr.strip()}")


def wait_for(condition, limit):
    """Poll until condition() is true, for at most `limit` s: its value."""
    end = time.monotonic() + limit
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return value
