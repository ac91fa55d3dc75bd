# SPDX-License-Identifier: BSD-3-Clause
"""The servers that are compared, and the clients that load them, each pinned to a core of its own.

Everything runs in namespaces of its own, with a private rpcbind, and cannot set the clock: see
tests/bench/run.
"""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

HOST = "127.0.0.1"
PROGRAM = 542397273
NTP_PORT = 123  # ntpdig knows no other
FILES = 20_000  # descriptors: room for 10,000 connections
READY_S = 10
LOAD_S = 1800  # no background load lasts longer, whatever happens

SYSTEM_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

KEY = bytes(range(32)).hex()  # as tests/bench/support/message.h has it

CHRONYD_CONF = f"""\
local stratum 1
allow {HOST}/8
port {{port}}
cmdport 0
user root
keyfile {{directory}}/keys
pidfile {{directory}}/pid
"""


def cores():
    """A core for the server and one for its clients, not two threads of the same one."""
    allowed = sorted(os.sched_getaffinity(0))
    server = allowed[0]
    siblings = Path(f"/sys/devices/system/cpu/cpu{server}/topology/thread_siblings_list")
    listed = siblings.read_text(encoding="ascii") if siblings.exists() else str(server)
    taken = set()
    for part in listed.strip().split(","):
        first, _, last = part.partition("-")
        taken.update(range(int(first), int(last or first) + 1))
    others = [core for core in allowed if core not in taken]
    if not others:
        raise SystemExit("bench: two cores are needed, one for the server, one for its clients")
    return server, others[0]


SERVER_CORE, CLIENT_CORE = cores()


def pinned(core, urgent=False):
    """Prepare a child before it becomes its program."""
    def prepare():
        os.sched_setaffinity(0, {core})
        if urgent:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    return prepare


def installed(name):
    """The path of a program of another project, or None."""
    return shutil.which(name, path=f"{SYSTEM_PATH}:{os.environ.get('BENCH_PATH', '')}")


def cpu_ns(pid):
    """How long a process's threads have been running so far."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text(encoding="ascii").split()[0]) for task in tasks)


class Process:
    """A program in the background, ended with the `with` statement."""

    def __init__(self, core, *argv, urgent=False, **options):
        self.argv = [str(a) for a in argv]
        self.prepare = pinned(core, urgent)
        self.options = options
        self.popen = None
        self.said = None

    def __enter__(self):
        self.said = tempfile.TemporaryFile()
        options = {"stdin": subprocess.DEVNULL, "stdout": self.said, **self.options}
        self.popen = subprocess.Popen(self.argv, stderr=self.said, preexec_fn=self.prepare,
                                      **options)
        return self

    def __exit__(self, *_):
        self.popen.send_signal(signal.SIGTERM)
        try:
            self.popen.wait(5)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
        for pipe in (self.popen.stdin, self.popen.stdout, self.said):
            if pipe:
                pipe.close()

    def output(self):
        return os.pread(self.said.fileno(), 1 << 16, 0).decode(errors="replace")

    def family(self):
        """The pids of the process and of all that it started."""
        found, waiting = [], [self.popen.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                waiting += [int(child) for child in task.read_text(encoding="ascii").split()]
        return found

    @contextmanager
    def urgent(self):
        """It goes before all other work on its core meanwhile: what others do on this machine is
        not to be measured."""
        for pid in self.family():
            os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))
        yield
        for pid in self.family():
            os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))

    def cpu_ns(self):
        """How long all its threads have been running so far."""
        return sum(map(cpu_ns, self.family()))

    def memory_kib(self):
        """Resident memory: of the largest process, of all, and of all without counting twice."""
        texts = [Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
                 for pid in self.family()]
        resident = [int(re.search(r"^Rss: +(\d+)", text, re.M)[1]) for text in texts]
        shares = [int(re.search(r"^Pss: +(\d+)", text, re.M)[1]) for text in texts]
        return {"largest": max(resident), "all": sum(resident), "once": sum(shares)}


class Server(Process):
    """A server that answers `protocol` on a UDP port of the loopback."""

    def __init__(self, bench, name, protocol, port, *argv):
        super().__init__(SERVER_CORE, *argv)
        self.bench, self.name, self.protocol, self.port = bench, name, protocol, port

    def __enter__(self):
        super().__enter__()
        end = time.monotonic() + READY_S
        while not self.is_ready():
            if time.monotonic() > end or self.popen.poll() is not None:
                said = self.output()
                self.__exit__()
                raise SystemExit(f"bench: {self.name} does not serve: {said}")
            time.sleep(0.05)
        return self

    def is_ready(self):
        return self.port and self.bench.try_load(self, 0.01)


class Stock(Server):
    """Its port is what rpcbind says."""

    def is_ready(self):
        listed = subprocess.run([installed("rpcinfo"), "-p", HOST], capture_output=True,
                                text=True, check=False).stdout
        found = re.findall(rf"^ +{PROGRAM} +1 +(udp|tcp) +(\d+)", listed, re.M)
        ports = {kind: int(port) for kind, port in found}
        self.port, self.tcp_port = ports.get("udp"), ports.get("tcp")
        return super().is_ready() and self.tcp_port


class Bench:
    """The programs, and how to run each of them."""

    def __init__(self, build, directory):
        self.build = Path(build)
        self.directory = Path(directory)

    def tool(self, name):
        return self.build / "tests" / "bench" / name

    def time_now(self, rounds):
        """(clock_gettime(), timesync_now()) in ns, of each round."""
        done = subprocess.run(
            [self.tool("now"), self.build / "libtimesync.so.0", self.directory / "clock",
             str(rounds)], stdout=subprocess.PIPE, text=True, check=True,
            preexec_fn=pinned(CLIENT_CORE, True))
        return [tuple(map(float, line.split())) for line in done.stdout.splitlines()]

    # --- servers ---

    def echo(self, *how):
        return Server(self, "echo", "echo", 7, self.tool("echo"), HOST, 7, *how)

    def key(self):
        """The key file of timesyncd and of its clients."""
        path = self.directory / "key"
        if not path.exists():
            path.touch(0o600)
            path.write_text(f"1 {KEY}\n", encoding="ascii")
        return path

    def timesyncd(self, *options, address=HOST, protocol="rpc"):
        where = ["--address", address] if address else []
        server = Server(self, "timesyncd", protocol, 5542, self.build / "timesyncd", "-f",
                        "--no-rpcbind", "-p", 5542, *where, *options)
        server.tcp_port = server.port
        return server

    def stock(self):
        return Stock(self, "stock", "rpc", None, self.tool("stock"))

    def keyed_timesyncd(self):
        return self.timesyncd("--key", self.key(), protocol="rpc-mac")

    def keyed_chronyd(self):
        return self.chronyd("ntp-mac")

    def chronyd(self, protocol="ntp"):
        directory = self.directory / "chronyd"
        directory.mkdir(exist_ok=True)
        (directory / "keys").touch(0o600)
        (directory / "keys").write_text(f"1 SHA256 HEX:{KEY}\n", encoding="ascii")
        conf = directory / "chrony.conf"
        conf.write_text(CHRONYD_CONF.format(port=NTP_PORT, directory=directory), encoding="ascii")
        return Server(self, "chronyd", protocol, NTP_PORT, *self.chronyd_command(conf))

    @staticmethod
    def chronyd_command(conf):
        """chronyd that can't touch the clock: -x, besides the right that it has not."""
        return [installed("chronyd"), "-x", "-d", "-f", conf]

    # --- load ---

    def try_load(self, server, seconds, urgent=False):
        done = subprocess.run(
            [self.tool("load"), server.protocol, HOST, str(server.port), str(seconds)],
            capture_output=True, text=True, check=False, preexec_fn=pinned(CLIENT_CORE, urgent))
        return json.loads(done.stdout) if done.returncode == 0 else None

    def load(self, server, seconds):
        """Load it as far as it goes: requests/s, ns of the server's CPU for each, and losses."""
        with server.urgent():
            before = server.cpu_ns()
            counted = self.try_load(server, seconds, urgent=True)
            cpu = server.cpu_ns() - before
        if not counted or counted["wrong"]:
            raise SystemExit(f"bench: {server.name} does not answer well: {counted}")
        return {"rate": counted["received"] / counted["seconds"],
                "cpu_ns": cpu / counted["received"],
                "busy": cpu / counted["seconds"] / 1e9,
                "lost": counted["sent"] - counted["received"]}

    @contextmanager
    def background(self, server, rate):
        """Load it at a steady rate meanwhile. Yields a dict that holds the counts in the
        end."""
        argv = [self.tool("load"), server.protocol, HOST, server.port, LOAD_S, rate]
        counted = {}
        with Process(CLIENT_CORE, *argv, urgent=True) as load:
            time.sleep(0.2)
            yield counted
            if load.popen.poll() is not None:
                raise SystemExit(f"bench: the load of {server.name} ended early: {load.output()}")
            load.popen.send_signal(signal.SIGTERM)
            load.popen.wait()
            counted.update(json.loads(load.output()))

    # --- TCP clients ---

    @contextmanager
    def idle_connections(self, server, count):
        argv = [self.tool("clients"), "idle", HOST, server.tcp_port, count]
        with Process(CLIENT_CORE, *argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as clients:
            if b"connected" not in clients.popen.stdout.readline():
                raise SystemExit(f"bench: {server.name}, {count} connections: {clients.output()}")
            yield

    def new_connections(self, server, count):
        """How long each of so many new clients took to connect, call and get its answer, in ns."""
        with server.urgent():
            done = subprocess.run(
                [self.tool("clients"), "new", HOST, str(server.tcp_port), str(count)],
                capture_output=True, text=True, check=False,
                preexec_fn=pinned(CLIENT_CORE, urgent=True))
        if done.returncode != 0:
            raise SystemExit(f"bench: {server.name}, new connections: {done.stderr}")
        return [int(line) for line in done.stdout.split()]
