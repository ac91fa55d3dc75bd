# SPDX-License-Identifier: BSD-3-Clause
"""timesyncd and rpcbind: absent, late, restarted, and who holds the registration."""

import os
import re
import shutil
import signal
import unittest

from harness import (NETIDS, Daemon, SystemTest, host_port, program, tool, universal_address)

NOBODY = "65534"


class RegistrationTest(SystemTest):
    def is_registered(self, daemon):
        """Whether rpcbind lists what this daemon serves, all of it and nothing else."""
        def port(address):
            return address.split(".")[-2:]
        listed = {netid: port(address) for netid, address in self.registered().items()}
        served = {netid: port(universal_address(address))
                  for netid, address in daemon.addresses.items()}
        return listed and listed == served

    def wait_registered(self, daemon):
        self.wait_until(lambda: self.is_registered(daemon), "rpcbind lists timesyncd", daemon)


class RpcbindComesAndGoesTest(RegistrationTest):
    def test_absent_it_warns_and_serves(self):
        daemon = self.start_daemon()
        self.wait_until(lambda: re.search("rpcbind.*(again|will register)", daemon.stderr),
                        "a warning that names rpcbind", daemon)
        self.assertFalse(daemon.says_registered())
        for netid, address in daemon.addresses.items():
            with self.subTest(netid):
                self.timesync_json("query", "-t", netid.rstrip("6"), host_port(address))
        self.assertEqual(daemon.stop(), 0)

    def test_late_it_registers(self):
        daemon = self.start_daemon()
        self.start_rpcbind()
        self.wait_registered(daemon)
        self.timesync_json("query", "127.0.0.1")

    def test_restarted_it_registers_again(self):
        rpcbind = self.start_rpcbind()
        daemon = self.start_registered_daemon()
        self.assertTrue(self.is_registered(daemon))
        rpcbind.stop()
        self.start_rpcbind()
        self.wait_registered(daemon)

    def test_killed_and_restarted_it_registers_again(self):
        rpcbind = self.start_rpcbind()
        daemon = self.start_registered_daemon()
        rpcbind.stop(signal.SIGKILL)
        self.start_rpcbind()
        self.wait_registered(daemon)

    def test_absence_is_not_repeated_in_the_log(self):
        rpcbind = self.start_rpcbind()
        daemon = self.start_registered_daemon()
        rpcbind.stop()
        self.wait_until(lambda: len(daemon.stderr.splitlines()) > len(NETIDS) + 2,
                        "timesyncd notices", daemon)
        self.start_rpcbind()
        self.wait_registered(daemon)
        self.assertLess(len(daemon.stderr.splitlines()), 15, daemon.stderr)

    def test_no_rpcbind_by_option(self):
        self.start_rpcbind()
        daemon = self.start_lone_daemon()
        self.timesync_json("query", host_port(daemon.addresses["udp"]))
        self.assertEqual(self.registered(), {})
        self.assertNotIn("rpcbind", daemon.stderr)


class StopTest(RegistrationTest):
    def setUp(self):
        super().setUp()
        self.start_rpcbind()

    def test_it_unregisters_when_told_to_stop(self):
        for signo in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signo):
                daemon = self.start_registered_daemon()
                self.assertTrue(self.is_registered(daemon))
                self.assertEqual(daemon.stop(signo), 0)
                self.assertEqual(self.registered(), {})

    def test_it_unregisters_however_soon_it_is_told(self):
        for _ in range(10):
            daemon = self.launch_daemon()
            while not daemon.says_registered() and daemon.status is None:
                pass
            self.assertEqual(daemon.stop(), 0, daemon.stderr)
            self.assertEqual(self.registered(), {})

    def test_only_what_was_asked_for_is_registered(self):
        daemon = self.start_daemon("--netid", "udp,tcp6", netids=("udp", "tcp6"))
        self.wait_until(daemon.says_registered, "timesyncd registers", daemon)
        self.assertEqual(set(self.registered()), {"udp", "tcp6"})

    def test_a_dead_ones_entry_is_replaced(self):
        dead = self.start_registered_daemon()
        self.kill_daemon(dead)
        self.assertTrue(self.is_registered(dead))
        heir = self.start_registered_daemon()
        self.assertNotEqual(dead.port, heir.port)
        self.assertTrue(self.is_registered(heir))
        self.assertEqual(heir.stop(), 0)
        self.assertEqual(self.registered(), {})


class RivalTest(RegistrationTest):
    def setUp(self):
        super().setUp()
        self.rpcbind = self.start_rpcbind()
        self.first = self.start_registered_daemon()

    @staticmethod
    def any_form(port):
        """Matches an address with that port, in rpcbind's form or in ours."""
        return rf":{port}\b|\.{port >> 8}\.{port & 255}\b"

    def test_a_living_one_is_not_robbed(self):
        pid_file = self.path("second.pid")
        second = self.launch_daemon("--pid-file", pid_file)
        self.assertEqual(second.wait(), 1)
        self.assertFalse(os.path.exists(pid_file))
        self.assertTrue(self.is_registered(self.first))
        self.timesync_json("query", "127.0.0.1")
        self.assertRegex(second.stderr, self.any_form(self.first.port))
        self.assertRegex(second.stderr, "superuser" if os.geteuid() == 0 else str(os.geteuid()))

    def test_one_that_does_not_serve_this_host_is_not_robbed(self):
        self.first.stop()
        aloof = self.start_registered_daemon("--allow", "192.0.2.0/24")
        second = self.launch_daemon()
        self.assertEqual(second.wait(), 1)
        self.assertTrue(self.is_registered(aloof))

    def test_one_that_is_stopped_is_not_robbed(self):
        self.first.send_all(signal.SIGSTOP)
        second = self.launch_daemon()
        self.assertEqual(second.wait(), 1)
        self.assertTrue(self.is_registered(self.first))
        self.first.send_all(signal.SIGCONT)
        self.timesync_json("query", "127.0.0.1")

    def test_a_partial_claim_is_no_robbery_either(self):
        second = self.launch_daemon("--netid", "tcp6")
        self.assertEqual(second.wait(), 1)
        self.assertTrue(self.is_registered(self.first))

    def test_nothing_of_a_failed_claim_stays(self):
        self.first.stop()
        holder = self.start_daemon("--netid", "tcp6", netids=["tcp6"])
        self.wait_registered(holder)
        second = self.launch_daemon()
        self.assertEqual(second.wait(), 1)
        self.assertTrue(self.is_registered(holder))

    def test_two_live_side_by_side_without_rpcbind(self):
        second = self.start_lone_daemon()
        for daemon in (self.first, second):
            self.timesync_json("query", host_port(daemon.addresses["udp"]))
        self.assertEqual(second.stop(), 0)
        self.assertTrue(self.is_registered(self.first))

    def test_after_an_orderly_end_another_takes_over(self):
        self.first.stop()
        second = self.start_registered_daemon()
        self.assertTrue(self.is_registered(second))

    def test_a_rival_that_came_first_after_a_restart_is_not_robbed(self):
        """rpcbind restarts, and another instance registers before the first looks again."""
        self.first.send_all(signal.SIGSTOP)
        self.rpcbind.stop()
        self.start_rpcbind()
        second = self.start_registered_daemon()
        said_before = len(self.first.stderr)
        self.first.send_all(signal.SIGCONT)
        self.wait_until(lambda: re.search(self.any_form(second.port),
                                          self.first.stderr[said_before:]),
                        "the first says who holds the registration", self.first)
        self.assertTrue(self.is_registered(second))
        self.assertEqual(self.first.stop(), 0)
        self.assertTrue(self.is_registered(second))


class OrdinaryUserTest(RegistrationTest):
    """No privilege is needed; the daemon reports what rpcbind does not allow."""

    def setUp(self):
        super().setUp()
        self.start_rpcbind()
        # The programs may lie where only their owner can go.
        os.chmod(self.directory, 0o755)
        self.program = shutil.copy(program("timesyncd"), self.directory)

    def launch_as_nobody(self, *args):
        daemon = self.start([tool("setpriv"), "--reuid", NOBODY, "--regid", NOBODY,
                             "--clear-groups", self.program, "-f", *args], Daemon)
        self.addCleanup(self._check_daemon, daemon)
        return daemon

    def test_it_serves_registers_and_unregisters(self):
        daemon = self.launch_as_nobody()
        self.wait_registered(daemon)
        self.timesync_json("query", "127.0.0.1")
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(self.registered(), {})

    def test_a_dead_ones_entry_of_another_user_stays(self):
        """rpcbind lets nobody but root remove it."""
        dead = self.start_registered_daemon()
        self.kill_daemon(dead)
        daemon = self.launch_as_nobody()
        self.wait_until(lambda: "only root can remove" in daemon.stderr, "it says whose entry it is", daemon)
        self.assertFalse(daemon.says_registered())
        self.assertTrue(self.is_registered(dead))

    def test_a_living_one_of_another_user_is_not_robbed(self):
        mine = self.launch_as_nobody()
        self.wait_registered(mine)
        rival = self.start_daemon()
        self.wait_until(lambda: f"owned by {NOBODY}" in rival.stderr, "it says whose it is", rival)
        self.assertTrue(self.is_registered(mine))

    def test_an_ordinary_user_does_not_keep_root_from_serving(self):
        """He may register what he likes."""
        mine = self.launch_as_nobody()
        self.wait_registered(mine)
        rival = self.start_daemon()
        self.timesync_json("query", host_port(rival.addresses["udp"]))
        mine.stop()
        self.wait_registered(rival)


if __name__ == "__main__":
    unittest.main()
