# SPDX-License-Identifier: BSD-3-Clause
"""timesync track stays with the server that answers, even if its name changes its address."""

import json
import struct
import unittest
from pathlib import Path

import rawrpc
from fakeserver import FakeServer, honest, stamps
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


class PacketsTest(SystemTest):
    def test_a_poll_is_one_exchange_in_the_end(self):
        """One greeting in all; eight rounds and GET_TIME at first; then single exchanges."""
        calls = []

        def count(call, *_):
            calls.append(struct.unpack_from(">I", call, 20)[0])

        def answer(call, n):
            count(call)
            return [stamps(call)]

        def other(call):
            count(call)
            return honest(call)

        server = FakeServer(answer, other)
        self.addCleanup(server.close)
        result = self.timesync("track", "--interval", "250ms", "--json", "--count", "60", "-c",
                               self.make_clock(), host_port(server.address))
        self.assertEqual(result.status, 0, result)
        self.assertEqual(calls[:10], [rawrpc.NULL] + [rawrpc.GET_TIMESTAMPS] * 8 +
                         [rawrpc.GET_TIME])
        self.assertEqual(calls.count(rawrpc.NULL), 1)
        self.assertEqual(calls[-4:], [rawrpc.GET_TIMESTAMPS] * 4)
        self.assertEqual([poll["rounds"]["sent"] for poll in result.json_lines[-4:]], [1] * 4)

    def test_rounds_are_as_many_as_the_user_wants(self):
        server = self.start_lone_daemon()
        result = self.timesync("track", "--interval", "250ms", "--json", "--count", "3", "-n", "4",
                               "-c", self.make_clock(), host_port(server.addresses["udp"]))
        self.assertEqual(result.status, 0, result)
        for poll in result.json_lines:
            self.assertIn(poll["rounds"]["sent"], (4, 5))

    def test_a_server_that_was_started_again_is_measured_at_the_next_poll(self):
        """The way that was open is dead: its port refuses, and the next is found."""
        for netid in ("udp", "tcp"):
            with self.subTest(netid):
                server = self.start_lone_daemon("-a", "127.0.0.1", netids=("udp", "tcp"))
                track = self.launch_client("track", *QUICK, "--json", "-t", netid, "-c",
                                           self.make_clock(name=netid),
                                           host_port(server.addresses[netid]))
                self.wait_until(lambda: track.stdout.count("\n") > 3, "it tracks", track)
                server.stop()
                self.start_lone_daemon("-a", "127.0.0.1", "-p", str(server.port),
                                       netids=("udp", "tcp"))
                seen = track.stdout.count("\n")
                self.wait_until(lambda: '"answered":1' in "".join(
                    track.stdout.splitlines()[seen + 1:]), "it is measured again", track)
                self.assertEqual(track.stop(), 0, track.stderr)


if __name__ == "__main__":
    unittest.main()
