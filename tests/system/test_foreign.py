# SPDX-License-Identifier: BSD-3-Clause
"""Clients that others could write: rpcgen's sample, and other RPC libraries than libtirpc."""

import shutil
import subprocess
import unittest
from pathlib import Path

from harness import DEADLINE_S, SystemTest

ROOT = Path(__file__).resolve().parents[2]
SLOWEST_NS = DEADLINE_S * 10**9


def flags(*arguments):
    return subprocess.run(["pkg-config", *arguments], check=True, capture_output=True,
                          text=True).stdout.split()


class SampleTest(SystemTest):
    """What a student gets from timesync.x: `rpcgen -a`, its Makefile, its client."""

    def setUp(self):
        super().setUp()
        shutil.copy(ROOT / "timesync.x", self.directory)
        self.run_here("rpcgen", "-a", "timesync.x")

    def run_here(self, *argv):
        return subprocess.run(argv, cwd=self.directory, check=True, capture_output=True, text=True,
                              timeout=60)

    def make(self):
        """The sample passes arguments that nobody has set: zeros, by the compiler."""
        cflags = " ".join([*flags("--cflags", "libtirpc"), "-ftrivial-auto-var-init=zero"])
        self.run_here("make", "-f", "Makefile.timesync", "CC=gcc", f"CFLAGS={cflags}",
                      "LDLIBS=" + " ".join(flags("--libs", "libtirpc")))

    def test_its_client_calls_every_procedure(self):
        self.make()
        self.start_rpcbind()
        socket = self.path("socket")
        self.start_registered_daemon("--socket", socket)
        said = self.run_here(self.path("timesync_client"), "127.0.0.1")
        self.assertEqual(said.stderr + said.stdout, "")  # it says only what fails
        status = self.timesync_json("status", "--socket", socket)
        self.assertEqual([status[f"udp_{name}"] for name in
                          ("get_timestamps", "get_time", "get_timestamps_interleaved")], [1, 1, 1])


class LibraryTest(SystemTest):
    def check(self, name, transports, *link):
        client = self.path(name)
        subprocess.run(["gcc", "-O1", "-w", "-o", client, ROOT / f"tests/foreign/{name}.c", *link],
                       check=True, timeout=60)
        daemon = self.start_lone_daemon()
        for transport in transports:
            with self.subTest(transport):
                done = subprocess.run([client, transport, str(daemon.port)], capture_output=True,
                                      text=True, timeout=60, check=False)
                self.assertEqual(done.returncode, 0, done)
                rounds = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
                self.assertEqual(len(rounds), 5)
                for t1, t2, t3, t4 in rounds:  # on one clock
                    self.assertTrue(t1 <= t2 <= t3 <= t4 <= t1 + SLOWEST_NS, (t1, t2, t3, t4))

    def test_mit_kerberos(self):
        self.check("gssrpc", ("udp", "tcp"), "-lgssrpc")

    def test_ntirpc(self):
        self.check("ntirpc", ("tcp",), *flags("--cflags", "--libs", "libntirpc"))


if __name__ == "__main__":
    unittest.main()
