# SPDX-License-Identifier: BSD-3-Clause
"""timesync track stays with the server that answers, even if its name changes its address."""

import json
import unittest
from pathlib import Path

from harness import SystemTest, host_port, program, tool

QUICK = ("--interval", "250ms", "--timeout", "100ms")
NAME = "pool.example"


class RotationTest(SystemTest):
    """Two servers of one name, 30 ms apart. A file of hosts that is changed plays a name server's
    rotation.
    """

    def lead_to(self, *addresses):
        self.hosts.write_text("".join(f"{a} {NAME}\n" for a in addresses), encoding="ascii")

    def setUp(self):
        super().setUp()
        self.hosts = Path(self.path("hosts"))
        self.lead_to("127.0.0.2")
        first = self.start_lone_daemon("-a", "127.0.0.2", netids=("udp", "tcp"))
        self.port = first.port
        self.daemons = {"127.0.0.2": first}
        self.serve("127.0.0.3", self.make_clock("30ms", name="other"))

    def serve(self, address, *clock):
        args = ["-c", *clock] if clock else []
        self.daemons[address] = self.start_lone_daemon("-a", address, "-p", str(self.port), *args,
                                                       netids=("udp", "tcp"))

    def launch(self):
        self.log = Path(self.path("log"))
        return self.start([tool("unshare"), "--mount", "sh", "-c",
                           'mount --bind "$0" /etc/hosts && exec "$@"', self.hosts,
                           program("timesync"), "track", *QUICK, "-c", self.make_clock(), "--log",
                           self.log, f"{NAME}:{self.port}"])

    def polls(self):
        return [json.loads(line) for line in self.log.read_bytes().splitlines(keepends=True)
                if line.endswith(b"\n")] if self.log.exists() else []

    def wait_for_polls(self, n, track):
        seen = len(self.polls())
        self.wait_until(lambda: len(self.polls()) >= seen + n, f"{n} more polls", track)

    def addresses(self):
        return [poll["verdicts"][0]["address"] for poll in self.polls()]

    def test_it_stays_and_changes_only_when_nobody_answers(self):
        track = self.launch()
        self.wait_for_polls(3, track)
        self.assertEqual(track.stderr,
                         f"timesync track: {NAME}: following the server at 127.0.0.2\n")
        self.lead_to("127.0.0.3", "127.0.0.2")
        self.wait_for_polls(6, track)
        self.assertEqual(set(self.addresses()), {"127.0.0.2"})
        self.assertEqual({poll["event"] for poll in self.polls()}, {"first", "tracking"})
        self.daemons["127.0.0.2"].stop()
        self.wait_until(lambda: "following the server at 127.0.0.3" in track.stderr,
                        "it follows the other", track)
        self.assertEqual(self.addresses().count(None), 3)
        self.assertIn(f"{NAME}: 127.0.0.2 does not answer any more; following the server at "
                      "127.0.0.3\n", track.stderr)
        self.wait_for_polls(2, track)
        self.assertEqual(set(self.addresses()[-2:]), {"127.0.0.3"})
        self.assertEqual(track.stop(), 0, track.stderr)

    def test_a_server_that_comes_back_in_time_is_followed_on(self):
        track = self.launch()
        self.wait_for_polls(3, track)
        self.lead_to("127.0.0.3")
        self.daemons["127.0.0.2"].stop()
        self.wait_until(lambda: None in self.addresses(), "one poll is in vain", track)
        self.serve("127.0.0.2")
        self.wait_until(lambda: self.addresses()[-1] is not None, "it is back", track)
        self.assertEqual(self.addresses()[-1], "127.0.0.2")
        self.assertEqual(track.stop(), 0, track.stderr)


if __name__ == "__main__":
    unittest.main()
