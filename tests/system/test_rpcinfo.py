# SPDX-License-Identifier: BSD-3-Clause
"""The service as rpcinfo, an independent program, sees it."""

import unittest

from harness import LOOPBACK, NETIDS, SystemTest, universal_address
from rawrpc import TIMESYNC_PROG

PROGRAM = str(TIMESYNC_PROG)


class RpcinfoTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.start_rpcbind()
        self.daemon = self.start_registered_daemon()

    def ping(self, netid, version):
        return self.rpcinfo("-T", netid, LOOPBACK[netid], PROGRAM, version)

    def test_version_1_is_ready_on_every_netid(self):
        for netid in NETIDS:
            with self.subTest(netid):
                result = self.ping(netid, "1")
                self.assertEqual(result.status, 0, result)
                self.assertEqual(result.stdout.strip(),
                                 f"program {PROGRAM} version 1 ready and waiting")

    def test_version_2_is_told_which_versions_there_are(self):
        for netid in NETIDS:
            with self.subTest(netid):
                result = self.ping(netid, "2")
                self.assertEqual(result.status, 1, result)
                self.assertIn(f"program {PROGRAM} version 2 is not available", result.stdout)
                self.assertIn("low version = 1, high version = 1", result.stderr)

    def test_all_versions_are_found_without_naming_one(self):
        result = self.rpcinfo("-T", "udp", "127.0.0.1", PROGRAM)
        self.assertEqual(result.status, 0, result)
        self.assertEqual(result.stdout.count("ready and waiting"), 1, result)

    def test_every_netid_is_listed_with_the_address_that_is_served(self):
        self.assertEqual(set(self.registered()), set(NETIDS))
        for netid, listed in self.registered().items():
            with self.subTest(netid):
                port = universal_address(self.daemon.addresses[netid]).split(".")[-2:]
                self.assertEqual(listed.split(".")[-2:], port)

    def test_it_answers_at_its_own_address(self):
        for netid in NETIDS:
            with self.subTest(netid):
                address = universal_address(self.daemon.addresses[netid])
                result = self.rpcinfo("-a", address, "-T", netid, PROGRAM, "1")
                self.assertEqual(result.status, 0, result)


if __name__ == "__main__":
    unittest.main()
