# SPDX-License-Identifier: BSD-3-Clause
"""Shared by the tests of authenticated calls: keys, and a server whose clock is ahead."""

import os
from pathlib import Path

from harness import SystemTest, host_port

AHEAD_NS = 3_000_000_000  # of the served clock


class AuthTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.key = self.make_key("key")

    def make_key(self, name):
        path = self.path(name)
        self.assertEqual(self.timesync("keygen", path).status, 0)
        return path

    def write_keys(self, path, *keys):
        Path(path).write_text("".join(key.line() for key in keys), encoding="ascii")

    def serve(self, *args, netids=("udp", "tcp")):
        """A daemon whose clock is ahead by AHEAD_NS. The options that name it."""
        clock = self.make_clock(offset=f"{AHEAD_NS}ns", name=f"served{len(os.listdir(self.directory))}")
        return self.start_lone_daemon("-c", clock, "--netid", ",".join(netids), *args,
                                      netids=netids)

    def query(self, daemon, *args, verb="query", transport="udp"):
        return self.timesync(verb, "-t", transport, *args, host_port(daemon.addresses[transport]))

    def check_right(self, result):
        """The answer has the truth within its bound."""
        self.assertEqual(result.status, 0, result)
        self.assert_within_bound(result.json_lines[0], AHEAD_NS)

    def check_wrong(self, result, reason):
        self.assertEqual(result.status, 1, result)
        self.assertIn(reason, result.stderr)
