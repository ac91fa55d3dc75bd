# SPDX-License-Identifier: BSD-3-Clause
"""Several hosts on one network: namespaces of their own, joined by a bridge.

The test's own namespace keeps its lonely loopback; it is the switch.
"""

import itertools
import os
import subprocess

from harness import DEADLINE_S, Daemon, Process, Result, program, tool

BRIDGE = "switch"
# Never the same: the kernel takes its time to remove the ports of hosts that are gone.
PORTS = (f"port{number}" for number in itertools.count(1))
SETUP = """
mount -t tmpfs -o mode=755 private-run /run
echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad
ip link set lo up
exec sleep infinity
"""


class Host:
    """One of them: 10.9.0.N/24 on eth0, with a /run and an rpcbind of its own."""

    def __init__(self, test, number):
        self.test, self.number = test, number
        self.address = f"10.9.0.{number}"
        self.process = test.start([tool("unshare"), "--net", "--mount", "sh", "-c", SETUP])
        test.wait_until(lambda: self.comm() == "sleep", "the namespaces are there", self.process)
        ip, port = tool("ip"), next(PORTS)
        run(ip, "link", "add", port, "master", BRIDGE, "type", "veth",
            "peer", "name", "eth0", "netns", str(self.process.pid))
        run(ip, "link", "set", port, "up")
        run(*self.enter(ip, "addr", "add", f"{self.address}/24", "broadcast", "+", "dev", "eth0"))
        run(*self.enter(ip, "link", "set", "eth0", "up"))

    def comm(self):
        with open(f"/proc/{self.process.pid}/comm", encoding="ascii") as comm:
            return comm.read().strip()

    def enter(self, *argv):
        """The command, on this host."""
        return [tool("nsenter"), "-t", str(self.process.pid), "--net", "--mount", "--root", "--wd",
                *argv]

    def start(self, argv, kind=Process):
        return self.test.start(self.enter(*argv), kind)

    def start_rpcbind(self, *args):
        rpcbind = self.start([tool("rpcbind"), "-f", *args])
        self.test.wait_until(lambda: self.run(tool("rpcinfo"), "-p").status == 0,
                             "rpcbind answers", rpcbind)
        return rpcbind

    def start_daemon(self, *args):
        """timesyncd, registered."""
        daemon = self.start([program("timesyncd"), "-f", *args], Daemon)
        self.test.wait_until(daemon.says_registered, "timesyncd registers", daemon)
        return daemon

    def run(self, *argv, environment=None):
        done = subprocess.run(self.enter(*argv), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=3 * DEADLINE_S, check=False,
                              env={**os.environ, **(environment or {})})
        return Result(done.returncode, done.stdout, done.stderr)

    def timesync(self, *args, environment=None):
        return self.run(program("timesync"), *args, environment=environment)


def run(*argv):
    subprocess.run(argv, check=True, timeout=DEADLINE_S, stdin=subprocess.DEVNULL)


def make_network(test, n):
    """`n` hosts that hear each other's broadcasts; they are gone when the test is over."""
    ip = tool("ip")
    run(ip, "link", "add", BRIDGE, "type", "bridge")
    test.addCleanup(run, ip, "link", "del", BRIDGE)
    run(ip, "link", "set", BRIDGE, "up")
    return [Host(test, number) for number in range(1, n + 1)]
