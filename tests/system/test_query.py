# SPDX-License-Identifier: BSD-3-Clause
"""timesync query: every way to name a server, the output, and the messages of failures."""

import re
import signal
import time
import unittest

from harness import LOOPBACK, NETIDS, SystemTest, host_port, ns

METHODS = ("mean", "cristian", "ntp", "minimum")


def options_of(netid):
    return ["-t", netid.rstrip("6"), "-6" if netid.endswith("6") else "-4"]


class WaysTest(SystemTest):
    """Every way to reach a server."""

    def query(self, *args):
        answer = self.timesync_json("query", *args)
        self.assert_within_bound(answer)
        return answer

    def test_through_rpcbind(self):
        self.start_rpcbind()
        daemon = self.start_registered_daemon()
        for netid in NETIDS:
            with self.subTest(netid):
                answer = self.query(*options_of(netid), LOOPBACK[netid])
                self.assertEqual(answer["port"], daemon.addresses[netid][1])
                self.assertEqual(answer["address"], LOOPBACK[netid])
                self.assertTrue(netid.startswith(answer["transport"]), answer)

    def test_localhost_is_the_default(self):
        self.start_rpcbind()
        self.start_registered_daemon()
        self.assertEqual(self.query("-4")["host"], "localhost")

    def test_by_port_without_rpcbind(self):
        daemon = self.start_lone_daemon()
        for netid, address in daemon.addresses.items():
            with self.subTest(netid):
                self.query(*options_of(netid), host_port(address))
                self.query(*options_of(netid), "-p", str(address[1]), address[0])
                self.query(*options_of(netid), f"--port={address[1]}", address[0])

    def test_the_family_is_that_of_the_address(self):
        daemon = self.start_lone_daemon()
        for netid in ("udp", "udp6"):
            self.assertEqual(self.query(host_port(daemon.addresses[netid]))["address"],
                             LOOPBACK[netid])


class AnswerTest(SystemTest):
    """The output for a measurement."""

    def setUp(self):
        super().setUp()
        self.daemon = self.start_lone_daemon()
        self.server = host_port(self.daemon.addresses["udp"])

    def test_json_has_all_that_is_promised(self):
        for method in METHODS:
            with self.subTest(method):
                answer = self.timesync_json("query", "-m", method, self.server)
                self.assertEqual(answer["host"], "127.0.0.1")
                self.assertEqual(answer["transport"], "udp")
                self.assertEqual(answer["method"], method)
                self.assertGreaterEqual(ns(answer["delay_s"]), 0)
                self.assertGreater(ns(answer["max_error_s"]), 0)
                self.assert_within_bound(answer)
                self.assertEqual(len(answer["samples"]), 5)
                for sample in answer["samples"]:
                    self.assertLessEqual(2 * abs(ns(sample["offset_s"])), ns(sample["delay_s"]) + 2)
                self.assertEqual(len(answer["times"]), 5 if method == "cristian" else 1)
                exchanges = 10 if method == "cristian" else 6
                rounds = answer["rounds"]
                self.assertEqual((rounds["sent"], rounds["received"]), (exchanges, exchanges))
                self.assertEqual((rounds["lost"], rounds["late"], rounds["duplicate"]), (0, 0, 0))

    def test_everything_follows_from_the_timestamps(self):
        began = time.time_ns()
        relay = self.start_relay(self.daemon.addresses["udp"], "--delay", "0..4ms")
        answers = {method: self.timesync_json("query", "-m", method, host_port(relay.address))
                   for method in METHODS}
        ended = time.time_ns()
        for answer in answers.values():
            for sample in answer["samples"] + answer["times"]:
                t1, t2, t3, t4 = (sample[f"t{i}_ns"] for i in range(1, 5))
                self.assertEqual(sorted([began, t1, t2, t3, t4, ended]),
                                 [began, t1, t2, t3, t4, ended])
                self.assertEqual(ns(sample["delay_s"]), t4 - t1 - (t3 - t2))
                self.assertEqual(ns(sample["offset_s"]), int((t2 - t1 + t3 - t4) / 2))
            for sample in answer["times"]:
                self.assertEqual(sample["t2_ns"], sample["t3_ns"])
        mean, ntp = answers["mean"], answers["ntp"]
        delays = [s["t4_ns"] - s["t1_ns"] - (s["t3_ns"] - s["t2_ns"]) for s in mean["samples"]]
        (given,) = mean["times"]
        self.assertAlmostEqual(ns(mean["offset_s"]), given["t2_ns"] - given["t4_ns"] +
                               sum(delays) / len(delays) / 2, delta=2)
        best = min(ntp["samples"], key=lambda s: ns(s["delay_s"]))
        self.assertEqual(ntp["offset_s"], best["offset_s"])

    def test_mean_is_the_default_method(self):
        self.assertEqual(self.timesync_json("query", self.server)["method"], "mean")

    def test_the_quality_of_an_unsynchronised_server(self):
        clock = self.make_clock()
        daemon = self.start_lone_daemon("-c", clock)
        quality = self.timesync_json("query", host_port(daemon.addresses["udp"]))["server"]
        self.assertEqual(quality["sync"], "unsynchronised")
        self.assertIsNone(quality["max_error_s"])
        self.assertIn("leap", quality)

    def test_rounds(self):
        for n in (3, 8, 20):
            with self.subTest(n):
                answer = self.timesync_json("query", "-n", str(n), self.server)
                self.assertEqual(answer["rounds"]["received"], n + 1)  # and GET_TIME
                self.assertEqual(len(answer["samples"]), n)

    def test_words_for_people(self):
        server = self.start_lone_daemon("-c", self.make_clock("90s"))
        result = self.timesync("query", host_port(server.addresses["udp"]))
        self.assertEqual(result.status, 0, result)
        self.assertRegex(result.stdout, r"local clock is \S+ ?\S* slow")
        self.assertIn("+/-", result.stdout)
        self.assertEqual(result.stderr, "")

        server = self.start_lone_daemon("-c", self.make_clock("-90s", name="other"))
        result = self.timesync("query", host_port(server.addresses["udp"]))
        self.assertRegex(result.stdout, r"local clock is \S+ ?\S* fast")

    def test_classic_is_three_lines(self):
        server = self.start_lone_daemon("-c", self.make_clock("1h"))
        before = time.time_ns() // 10**6
        result = self.timesync("query", "--format=classic", host_port(server.addresses["udp"]))
        after = time.time_ns() // 10**6
        self.assertEqual(result.status, 0, result)
        shape = r"REMOTE_TIME (\d+)\nLOCAL_TIME (\d+)\nRTT_ESTIMATE (\d+)\n"
        found = re.fullmatch(shape, result.stdout)
        self.assertTrue(found, result)
        remote_ms, local_ms, rtt_ms = int(found[1]), int(found[2]), int(found[3])
        self.assertTrue(before <= local_ms <= after, (before, local_ms, after))
        self.assertAlmostEqual(remote_ms - local_ms, 3600_000, delta=1000)
        self.assertLess(rtt_ms, after - before + 1)

    def test_a_clock_file_is_the_clock_that_is_compared(self):
        clock = self.make_clock("-2.5s")
        answer = self.timesync_json("query", "-c", clock, self.server)
        self.assert_within_bound(answer, 2_500_000_000)
        by_environment = self.timesync("query", "--json", self.server,
                                       environment={"TIMESYNC_CLOCK": clock})
        self.assert_within_bound(by_environment.json, 2_500_000_000)
        self.assertEqual(self.clock_offset_ns(clock), -2_500_000_000)

    def test_every_offset_is_within_its_own_bound(self):
        """Server and client share a clock, so the truth is 0."""
        for method in METHODS:
            for _ in range(50):
                self.assert_within_bound(self.timesync_json("query", "-m", method, self.server))


class FailureTest(SystemTest):
    """No usable answer: exit status 1, and words that say why."""

    def assert_says(self, args, *words):
        result = self.timesync("query", *args)
        self.assertEqual(result.status, 1, result)
        for word in words:
            self.assertRegex(result.stderr, re.compile(word, re.IGNORECASE))
        self.assertEqual(result.stdout, "")
        answer = self.timesync_json("query", *args, status=1)
        self.assertTrue(answer["error"])
        self.assertIn("host", answer)

    def test_no_rpcbind(self):
        for netid in NETIDS:
            with self.subTest(netid):
                self.assert_says([*options_of(netid), LOOPBACK[netid]], LOOPBACK[netid], "rpcbind")

    def test_rpcbind_that_hangs(self):
        rpcbind = self.start_rpcbind()
        rpcbind.send(signal.SIGSTOP)
        started = time.monotonic()
        self.assert_says(["--timeout", "200ms", "127.0.0.1"], "127.0.0.1", "rpcbind")
        self.assert_within(10, started)

    def test_nobody_registered(self):
        self.start_rpcbind()
        for netid in NETIDS:
            with self.subTest(netid):
                self.assert_says([*options_of(netid), LOOPBACK[netid]], LOOPBACK[netid],
                                 "not registered|knows no")

    def test_registered_but_gone(self):
        self.start_rpcbind()
        self.kill_daemon(self.start_registered_daemon())
        for netid in NETIDS:
            with self.subTest(netid):
                self.assert_says([*options_of(netid), LOOPBACK[netid]], LOOPBACK[netid], "refused",
                                 "start timesyncd there again")

    def test_nothing_at_that_port(self):
        for transport in ("udp", "tcp"):
            self.assert_says(["-t", transport, "127.0.0.1:9"], "127.0.0.1", "9", "refused",
                             "is timesyncd running there, at that port")

    def test_a_server_that_hangs(self):
        daemon = self.start_lone_daemon()
        daemon.send_all(signal.SIGSTOP)
        for netid in NETIDS:
            with self.subTest(netid):
                self.assert_says([*options_of(netid), "--timeout", "50ms",
                                  host_port(daemon.addresses[netid])], "timed out",
                                 "timesync doctor")

    def test_unknown_host(self):
        self.assert_says(["no-such-host.invalid"], "no-such-host.invalid")

    def test_no_address_of_that_family(self):
        self.assert_says(["-6", "127.0.0.1:9"], "127.0.0.1")
        self.assert_says(["-4", "[::1]:9"], "::1")


class UsageTest(SystemTest):
    """Exit status 2, and the fault of the command line."""

    def assert_usage(self, args, *words):
        result = self.timesync(*args)
        self.assertEqual(result.status, 2, result)
        for word in words:
            self.assertIn(word, result.stderr)
        self.assertEqual(result.stdout, "")

    def test_bad_options(self):
        for args in (["-n", "0"], ["-n", "-1"], ["-n", "5x"], ["-n", ""], ["-n", "999999999999"],
                     ["-m", "median"], ["-t", "sctp"], ["-p", "0"], ["-p", "65536"], ["-p", "http"],
                     ["--timeout", "soon"], ["--timeout", "0"], ["--timeout", "-1s"],
                     ["--format=xml"]):
            with self.subTest(args):
                value = args[-1].split("=")[-1]
                self.assert_usage(["query", *args, "127.0.0.1"], value)

    def test_unknown_options(self):
        self.assert_usage(["query", "--jsonn"], "jsonn")
        self.assert_usage(["query", "-Z"], "Z")

    def test_missing_argument(self):
        self.assert_usage(["query", "-n"], "n")

    def test_options_of_sync_only(self):
        for option in ("--step", "--slew", "--dry-run", "--max-change=1s"):
            self.assert_usage(["query", option, "127.0.0.1"], option.split("=")[0].lstrip("-"))

    def test_bad_hosts(self):
        for host in ("", ":1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "[::1", "[::1]:x"):
            with self.subTest(host):
                self.assert_usage(["query", host], host)

    def test_verbs(self):
        self.assert_usage([], "query")
        self.assert_usage(["frobnicate"], "frobnicate")
        self.assert_usage(["--rounds=3", "query"], "unknown option '--rounds=3', or an option that belongs after a verb")

    def test_help(self):
        for args in (["--help"], ["query", "--help"], ["sync", "--help"], ["clock", "--help"]):
            with self.subTest(args):
                result = self.timesync(*args)
                self.assertEqual(result.status, 0, result)
                self.assertIn("timesync", result.stdout)
                self.assertEqual(result.stderr, "")

    def test_a_clock_file_that_is_not_there(self):
        missing = self.path("missing")
        result = self.timesync("query", "-c", missing, "127.0.0.1:9")
        self.assertIn(result.status, (1, 2), result)
        self.assertIn(missing, result.stderr)


if __name__ == "__main__":
    unittest.main()
