# SPDX-License-Identifier: BSD-3-Clause
"""Shared by the system tests: the real programs, started, watched and always stopped.

The tests run as tests/run starts them: in namespaces of their own, with nothing but a loopback,
a private /run without an rpcbind, and no right to set the clock.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from collections import namedtuple
from decimal import Decimal
from pathlib import Path

import rawrpc

SBIN = os.environ["PATH"] + ":/usr/sbin:/sbin"
SANITIZED = "sanitize" in os.environ.get("TIMESYNC_BUILD", "")
# By this factor the sanitizers, which find other things, may make a limit of time longer.
SLOWER = 4 if SANITIZED else 1
DEADLINE_S = 20 * SLOWER  # for what should take milliseconds; a busy machine may need more
NETIDS = ("udp", "tcp", "udp6", "tcp6")
LOOPBACK = {"udp": "127.0.0.1", "tcp": "127.0.0.1", "udp6": "::1", "tcp6": "::1"}
CAP_SYS_TIME = 25


def program(name):
    """The path of one of the project's programs."""
    path = os.path.join(os.environ["TIMESYNC_BUILD"], name)
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is not built")
    return path


def tool(name):
    """The path of one of the system's programs."""
    path = shutil.which(name, path=SBIN)
    if not path:
        raise FileNotFoundError(f"{name} is not installed")
    return path


def can_set_clock():
    with open("/proc/self/status", encoding="ascii") as status:
        sets = dict(line.split(":\t") for line in status if line.startswith("Cap"))
    return any(int(sets[s], 16) >> CAP_SYS_TIME & 1 for s in ("CapEff", "CapPrm", "CapBnd"))


def host_port(address):
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def universal_address(address):
    """HOST.P1.P2, as rpcbind and rpcinfo spell an address (RFC 5665)."""
    host, port = address
    return f"{host}.{port >> 8}.{port & 255}"


def looking_for_leaks():
    """An environment in which AddressSanitizer does: tests/run has turned that off."""
    return os.environ | {"ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=1"}


class Process:
    """A program in the background, its output in files that can be read at any time."""

    def __init__(self, argv, directory, name):
        self.name = name
        self._stdout = tempfile.TemporaryFile(dir=directory)
        self._stderr = tempfile.TemporaryFile(dir=directory)
        self._popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self._stdout,
                                       stderr=self._stderr, start_new_session=True,
                                       env=looking_for_leaks())
        self.pid = self._popen.pid

    @staticmethod
    def _text(file):
        return os.pread(file.fileno(), 1 << 20, 0).decode(errors="replace")

    @property
    def stdout(self):
        return self._text(self._stdout)

    @property
    def stderr(self):
        return self._text(self._stderr)

    @property
    def status(self):
        """The exit status; None while it runs."""
        return self._popen.poll()

    def send(self, signo):
        self._popen.send_signal(signo)

    def send_all(self, signo):
        """The same to it and to all processes that it has started. False when there are none."""
        try:
            os.killpg(self.pid, signo)
            return True
        except ProcessLookupError:
            return False

    def wait(self):
        return self._popen.wait(DEADLINE_S)

    def stop(self, signo=signal.SIGTERM):
        """Send the signal and wait for the end. The exit status."""
        self.send(signo)
        return self.wait()

    def reap(self):
        """Whatever state it is in, end it."""
        self.send_all(signal.SIGKILL)
        self._popen.wait()
        self._stdout.close()
        self._stderr.close()


class Daemon(Process):
    """timesyncd in the foreground."""

    SERVING = re.compile(r"^timesyncd: serving (\w+) (\S+):(\d+)$", re.MULTILINE)

    @property
    def addresses(self):
        """netid -> (host, port) on the loopback, of all that it says it serves."""
        return {netid: (LOOPBACK[netid], int(port))
                for netid, _host, port in self.SERVING.findall(self.stderr)}

    @property
    def port(self):
        """The port that all netids share."""
        (port,) = {port for _host, port in self.addresses.values()}
        return port

    def says_registered(self):
        return "registered with rpcbind" in self.stderr


class Relay(Process):
    """The fault relay in front of a server."""

    @property
    def address(self):
        """(host, port) where clients send; None until it says so."""
        found = re.search(r"^relay: listening on (\S+):(\d+)$", self.stdout, re.MULTILINE)
        return found and (found[1].strip("[]"), int(found[2]))

    def counters(self):
        """Stop it: {"to server": {"received": n, ...}, "to client": ...}."""
        self.stop()
        lines = re.findall(r"^relay: (to \w+): (.*)$", self.stdout, re.MULTILINE)
        return {way: {key: int(n) for key, n in re.findall(r"(\w+) (\d+)", text)}
                for way, text in lines}


class Result(namedtuple("Result", "status stdout stderr")):
    """How a command ended."""

    @property
    def json(self):
        return json.loads(self.stdout)

    @property
    def json_lines(self):
        return [json.loads(line) for line in self.stdout.splitlines()]

    def __str__(self):
        return f"exit status {self.status}\nstdout: {self.stdout}\nstderr: {self.stderr}"


def children(pid):
    """The process ids of a daemon's children, in the order in which they were started."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text(encoding="ascii").split()]


def ns(seconds):
    """Seconds as the JSON output gives them, a number, in whole nanoseconds."""
    if not isinstance(seconds, float):
        raise ValueError(f"{seconds!r} is no number of seconds")
    exact = Decimal(repr(seconds)).scaleb(9)
    if exact != int(exact):
        raise ValueError(f"{seconds!r} s is not exact to the nanosecond")
    return int(exact)


class SystemTest(unittest.TestCase):
    """A test of real processes. All that it starts ends with it."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if can_set_clock():
            raise RuntimeError("CAP_SYS_TIME is not dropped: run this through tests/run")
        with open("/proc/net/route", encoding="ascii") as routes:
            if len(routes.readlines()) > 1:
                raise RuntimeError("not in a network namespace: run this through tests/run")

    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="timesync-test-")
        self.addCleanup(shutil.rmtree, self.directory)

    def path(self, name):
        """A path in this test's own directory."""
        return os.path.join(self.directory, name)

    def wait_until(self, condition, what, *processes):
        """Poll until condition() is true; its value. Fails with what the processes have said."""
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.01)
        said = "".join(f"\n{p.name} (status {p.status}):\n{p.stderr}{p.stdout}" for p in processes)
        return self.fail(f"{what}: not within {DEADLINE_S} s{said}")

    def assert_within(self, limit_s, began, message=None):
        """Fail if more than limit_s seconds have passed since began, of time.monotonic()."""
        self.assertLess(time.monotonic() - began, limit_s * SLOWER, message)

    def start(self, argv, kind=Process):
        process = kind(argv, self.directory, os.path.basename(argv[0]))
        self.addCleanup(process.reap)
        return process

    # --- rpcbind ---

    def start_rpcbind(self):
        rpcbind = self.start([tool("rpcbind"), "-f"])
        self.wait_until(self.rpcbind_answers, "rpcbind answers", rpcbind)
        return rpcbind

    @staticmethod
    def rpcbind_answers():
        udp = rawrpc.Udp(("127.0.0.1", 111), timeout=0.5)
        try:
            message = rawrpc.call(rawrpc.NULL, program=rawrpc.RPCBIND_PROG, version=2)
            return rawrpc.parse_reply(udp.exchange(message)).stat == rawrpc.SUCCESS
        except OSError:
            return False
        finally:
            udp.close()

    def rpcinfo(self, *args):
        done = subprocess.run([tool("rpcinfo"), *args], capture_output=True, text=True,
                              timeout=DEADLINE_S, check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    def registered(self):
        """netid -> universal address of our service, as rpcbind lists it."""
        rows = [line.split() for line in self.rpcinfo().stdout.splitlines()]
        return {row[2]: row[3] for row in rows if row[:2] == [str(rawrpc.TIMESYNC_PROG), "1"]}

    # --- timesyncd ---

    def launch_daemon(self, *args):
        """timesyncd in the foreground, not waited for."""
        return self.start([program("timesyncd"), "-f", *args], Daemon)

    def start_daemon(self, *args, netids=NETIDS):
        """timesyncd in the foreground, serving. At the end it must stop in good order."""
        daemon = self.launch_daemon(*args)
        self.addCleanup(self._check_daemon, daemon)
        self.wait_until(lambda: daemon.status is not None or set(daemon.addresses) == set(netids),
                        f"timesyncd serves {netids}", daemon)
        self.assertIsNone(daemon.status, daemon.stderr)
        return daemon

    def start_lone_daemon(self, *args, netids=NETIDS):
        """timesyncd that keeps away from rpcbind."""
        return self.start_daemon("--no-rpcbind", *args, netids=netids)

    def start_registered_daemon(self, *args):
        daemon = self.start_daemon(*args)
        self.wait_until(daemon.says_registered, "timesyncd registers", daemon)
        return daemon

    def _check_daemon(self, daemon):
        if daemon.status is None:
            daemon.send_all(signal.SIGCONT)
            daemon.stop()
        self.assertIn(daemon.status, (0, -signal.SIGKILL), daemon.stderr)
        self.wait_until_gone(daemon)

    def wait_until_gone(self, daemon):
        """Wait until none of its processes is left."""
        self.wait_until(lambda: not daemon.send_all(0), "all of timesyncd has ended", daemon)

    def kill_daemon(self, daemon):
        """End it in a way that it cannot notice; the processes that it started have to."""
        daemon.stop(signal.SIGKILL)
        self.wait_until_gone(daemon)

    # --- the relay ---

    def start_relay(self, server, *args):
        """The relay between (host, port) and clients of the same family."""
        host = "[::1]:0" if ":" in server[0] else "127.0.0.1:0"
        relay = self.start([program("lab/relay"), "--listen", host, "--to", host_port(server),
                            *args], Relay)
        self.addCleanup(self._check_relay, relay)
        self.wait_until(lambda: relay.address, "the relay listens", relay)
        return relay

    def _check_relay(self, relay):
        if relay.status is None:
            relay.stop()
        self.assertEqual(relay.status, 0, relay.stderr)

    # --- timesync ---

    def launch_client(self, *args):
        """timesync in the background."""
        return self.start([program("timesync"), *args])

    def timesync(self, *args, environment=None):
        """Run timesync to its end."""
        done = subprocess.run([program("timesync"), *args], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="backslashreplace",
                              timeout=60, check=False,
                              env={**os.environ, **(environment or {})})
        return Result(done.returncode, done.stdout, done.stderr)

    def timesync_json(self, *args, status=0):
        """Run timesync with --json. The output, if it ended with that status."""
        result = self.timesync(*args, "--json")
        self.assertEqual(result.status, status, result)
        return result.json

    # --- clock files ---

    def make_clock(self, offset="0", drift="0", name="clock"):
        """A new clock file, ahead of the system clock by `offset`. Its path."""
        path = self.path(name)
        result = self.timesync("clock", "create", path, f"--offset={offset}", f"--drift={drift}")
        self.assertEqual(result.status, 0, result)
        return path

    def clock(self, path):
        """The output of `clock show --json` for a clock file."""
        return self.timesync_json("clock", "show", path)

    def clock_offset_ns(self, path):
        """By how much the clock file is ahead of the system clock now."""
        return ns(self.clock(path)["ahead_s"])

    # --- assertions ---

    def assert_within_bound(self, measurement, truth_ns=0):
        """The measured offset differs from the truth by no more than its own bound."""
        error = abs(ns(measurement["offset_s"]) - truth_ns)
        self.assertLessEqual(error, ns(measurement["max_error_s"]), measurement)
