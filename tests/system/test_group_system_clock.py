# SPDX-License-Identifier: BSD-3-Clause
"""A group that would keep the system clock, where nobody may set it; tests/vm has the rest."""

import unittest

from groups import GroupTest


class SystemClockTest(GroupTest):
    def refused(self, *args):
        daemon = self.launch_daemon("--no-rpcbind", "--group", "test", "--key", self.key,
                                    "--member", self.members(1)[0], "--group-port", "7000", *args)
        return daemon.wait(), daemon.stderr

    def test_without_the_privilege_it_refuses_and_says_what_to_do(self):
        for args in ((), ("--force",)):
            status, said = self.refused(*args)
            self.assertEqual(status, 1, said)
            self.assertIn("no permission to set the system clock, which group test is to keep right: "
                          "start timesyncd as root, with --user NAME, or give it a clock file by "
                          "--clock FILE", said)

    def test_force_is_of_no_use_with_a_clock_file(self):
        status, said = self.refused("--force", "--clock", self.make_clock())
        self.assertEqual(status, 2, said)
        self.assertIn("--force is for the system clock", said)

    def test_force_needs_a_group(self):
        daemon = self.launch_daemon("--force")
        self.assertEqual(daemon.wait(), 2, daemon.stderr)
        self.assertIn("--force needs --group or --upstream", daemon.stderr)


if __name__ == "__main__":
    unittest.main()
