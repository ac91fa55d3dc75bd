# SPDX-License-Identifier: BSD-3-Clause
"""Shared by the attack tests: a daemon's resources, and a bystander who must not notice."""

import contextlib
import ipaddress
import multiprocessing
import os
import pathlib
import resource
import socket
import statistics
import time
from collections import namedtuple

from harness import SANITIZED, Daemon, SystemTest, host_port, program, tool

TRIES = 5
PAUSE_S = 0.02  # between two of them
ATTEMPTS = 3
# By which an attack may slow a bystander's query. Sanitizers make server and client many times
# slower, and are there to find other things.
DELAY_S = 1.0 if SANITIZED else 0.1
# With AddressSanitizer all blocks are larger, and freed ones are held, too (see below).
GROWTH_KIB = 4096 if SANITIZED else 2048
IDLE_CPU = 0.05  # of a processor, when nobody asks for anything

IP_BIND_ADDRESS_NO_PORT = 24  # a port is chosen when the address to call is known

# ASan keeps freed memory for a while, to find later uses: too much to tell growth from.
SMALL_QUARANTINE = ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"


def processes_of(daemon):
    """The process ids of a daemon, which leads a process group."""
    pids = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.getpgid(int(name)) == daemon.pid:
                pids.append(int(name))
    return pids


class Footprint(namedtuple("Footprint", "memory_kib files cpu_s")):
    """The resources of all processes of a daemon."""

    @classmethod
    def of(cls, daemon):
        return cls(*map(sum, zip(*map(cls._of_process, processes_of(daemon)))))

    @staticmethod
    def _of_process(pid):
        path = pathlib.Path("/proc", str(pid))
        status = dict(line.split(":", 1) for line in (path / "status").read_text().splitlines())
        cpu_ns = int((path / "schedstat").read_text().split()[0])
        return int(status["RssAnon"].split()[0]), len(os.listdir(path / "fd")), cpu_ns / 1e9


class Crowd:
    """Clients of one server over TCP, each from another address of the loopback."""

    FIRST = ipaddress.IPv4Address("127.1.0.1")
    PATIENCE_S = 20

    def __init__(self, address, first=0, room=None):
        """`room` is what each has for replies that it does not read, in octets."""
        self._address = address
        self._room = room
        self._next = self.FIRST + first
        self.members = []

    def join(self, number=1):
        """That many more connect. Those that did."""
        new = [self._connect() for _ in range(number)]
        self.members += new
        return new

    def _connect(self):
        member = socket.socket()
        member.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        if self._room:
            member.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._room)
        member.bind((str(self._next), 0))
        self._next += 1
        member.settimeout(self.PATIENCE_S)
        member.connect(self._address)
        member.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        member.setblocking(False)
        return member

    def say(self, data):
        """All send that, as far as it is taken at once."""
        for member in self.members:
            with contextlib.suppress(BlockingIOError, ConnectionError):
                member.sendall(data)

    def left(self):
        """How many of them the server still has."""
        return sum(not self._is_over(member) for member in self.members)

    @staticmethod
    def _is_over(member):
        try:
            while member.recv(65536):
                pass
            return True
        except BlockingIOError:
            return False
        except ConnectionError:
            return True

    def wait_until_thrown_out(self):
        """All of them, within a time that means that nobody is waited for."""
        end = time.monotonic() + self.PATIENCE_S
        while self.left():
            if time.monotonic() > end:
                raise TimeoutError("the server keeps them")
            time.sleep(0.001)

    def leave(self):
        for member in self.members:
            member.close()
        self.members = []


class Assault:
    """attack(n) for n = 0, 1, ... in a process of its own, from __enter__ until __exit__."""

    LONGEST_S = 100

    def __init__(self, attack):
        fork = multiprocessing.get_context("fork")
        self._done = fork.Value("L", 0, lock=False)
        self._stop = fork.Event()
        self._process = fork.Process(target=self._run, args=(attack,))

    def _run(self, attack):
        end = time.monotonic() + self.LONGEST_S
        while not self._stop.is_set() and time.monotonic() < end:
            attack(self._done.value)
            self._done.value += 1

    @property
    def done(self):
        """How many attacks have been made so far."""
        return self._done.value

    @property
    def is_on(self):
        return self._process.is_alive()

    def __enter__(self):
        self._process.start()
        return self

    def __exit__(self, *_):
        was_on = self.is_on
        self._stop.set()
        self._process.join()
        print(f"{self.done} attacks")
        if not was_on or not self.done:
            raise AssertionError("the attack has failed")


class Bystander:
    """An honest client, which measures with timesync over both transports."""

    def __init__(self, test, daemon):
        self._test = test
        self._targets = {name: host_port(daemon.addresses[name]) for name in ("udp", "tcp")}
        self._undisturbed = {name: self._elapsed(name) for name in self._targets}

    def _elapsed(self, transport):
        """How long a query takes, in s: the median of some, spread over a while. Even on a quiet
        machine one may have to wait for a processor; what stalls the server makes them all wait.
        """
        times = []
        for _ in range(TRIES):
            times.append(self.query(transport))
            time.sleep(PAUSE_S)
        return statistics.median(times)

    def query(self, transport):
        """One query, with the right answer. How long it took."""
        started = time.monotonic()
        answer = self._test.timesync_json("query", "-t", transport, self._targets[transport])
        elapsed = time.monotonic() - started
        self._test.assert_within_bound(answer)
        return elapsed

    def query_all(self):
        """By all transports, however long it takes."""
        for transport in self._targets:
            self.query(transport)

    def check(self, what):
        """It measures as before."""
        for transport, before in self._undisturbed.items():
            # Whatever keeps this machine from running the query now is over soon, the attack not.
            for _ in range(ATTEMPTS):
                now = self._elapsed(transport)
                print(f"{what}, {transport}: {1000 * now:.1f} ms, and {1000 * before:.1f} ms before")
                if now - before < DELAY_S:
                    break
            self._test.assertLess(now - before, DELAY_S, f"{what}: a query over {transport}")


class AttackTest(SystemTest):
    def setUp(self):
        super().setUp()
        options = os.environ.get("ASAN_OPTIONS", "")
        os.environ["ASAN_OPTIONS"] = options + SMALL_QUARANTINE
        self.addCleanup(os.environ.__setitem__, "ASAN_OPTIONS", options)
        self.files_limit = None

    def launch_daemon(self, *args):
        """As always, but with self.files_limit, if that is set, for its open files."""
        if not self.files_limit:
            return super().launch_daemon(*args)
        return self.start([tool("prlimit"), f"--nofile={self.files_limit}:{self.files_limit}",
                           program("timesyncd"), "-f", *args], Daemon)

    def crowd(self, daemon, room=None):
        crowd = Crowd(daemon.addresses["tcp"], room=room)
        self.addCleanup(crowd.leave)
        return crowd

    def allow_files(self, number):
        """Let this test, not the daemons that it starts, have so many open files while it runs."""
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, max(number, limits[1])))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)

    @contextlib.contextmanager
    def attack(self, what, daemon):
        """An attack on the daemon, which is over at the end: it must be as it was before. Gives a
        bystander to check what it is like in the middle.
        """
        bystander = Bystander(self, daemon)
        before = self.settled_footprint(daemon)
        yield bystander
        self.wait_until(lambda: Footprint.of(daemon).files == before.files,
                        "as many files as before", daemon)
        self.assert_idle(daemon)
        bystander.query_all()
        after = Footprint.of(daemon)
        print(f"{what}: {before.memory_kib} KiB, then {after.memory_kib} KiB; "
              f"{after.cpu_s - before.cpu_s:.2f} s of CPU")
        self.assertLess(after.memory_kib - before.memory_kib, GROWTH_KIB, what)
        self.assertEqual(daemon.stop(), 0, daemon.stderr)

    @staticmethod
    def settled_footprint(daemon):
        """Once it has closed the connections of clients that have left."""
        before, now = None, Footprint.of(daemon)
        while before is None or now.files != before.files:
            time.sleep(0.2)
            before, now = now, Footprint.of(daemon)
        return now

    def assert_idle(self, daemon):
        """It does next to nothing for a second."""
        before, started = Footprint.of(daemon).cpu_s, time.monotonic()
        time.sleep(1)
        used = (Footprint.of(daemon).cpu_s - before) / (time.monotonic() - started)
        print(f"idle: {100 * used:.2f} % of a CPU")
        self.assertLess(used, IDLE_CPU)
