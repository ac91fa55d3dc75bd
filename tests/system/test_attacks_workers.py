# SPDX-License-Identifier: BSD-3-Clause
"""Workers that are killed in the middle of their work: nobody waits for long."""

import os
import signal
import statistics
import subprocess
import time
import unittest

import rawrpc
from attacks import DELAY_S, Assault, AttackTest, processes_of
from harness import host_port, program

WORKERS = 4
CLIENTS = 32  # so many that each worker has some of them


class KilledWorkerTest(AttackTest):
    def test_under_load(self):
        daemon = self.start_lone_daemon("--workers", "2")
        load = [program("lab/barrage"), "--to", host_port(daemon.addresses["udp"]), "--kind",
                "call", "--sockets", "64", "--count", "20000", "--rate", "20000"]

        def attack(_n):
            subprocess.run(load, stdout=subprocess.DEVNULL, timeout=60, check=True)

        with self.attack("killed workers", daemon) as bystander, Assault(attack):
            for _ in range(3):
                os.kill(self.workers(daemon)[0], signal.SIGKILL)
                bystander.check("killed workers")
            self.assertEqual(len(self.workers(daemon)), 2)

    def test_it_is_replaced_at_once(self):
        """The calls that it was to answer wait in its sockets for the next."""
        daemon = self.start_lone_daemon("--workers", str(WORKERS))
        clients = [rawrpc.Udp(daemon.addresses["udp"]) for _ in range(CLIENTS)]
        for client in clients:
            self.addCleanup(client.close)
            client.exchange(rawrpc.call(rawrpc.NULL))
        waits = []
        for worker in self.workers(daemon):
            os.kill(worker, signal.SIGKILL)
            started = time.monotonic()
            for client in clients:
                client.send(rawrpc.call(rawrpc.NULL))
            for client in clients:
                client.receive()
            waits.append(time.monotonic() - started)
        print("all were answered after", *(f"{1000 * wait:.1f} ms" for wait in waits))
        self.assertLess(statistics.median(waits), DELAY_S)

    def workers(self, daemon):
        """Their process ids; all of them have been started."""
        return [pid for pid in processes_of(daemon) if pid != daemon.pid]


if __name__ == "__main__":
    unittest.main()
