# SPDX-License-Identifier: BSD-3-Clause
"""timesyncd --upstream: the daemon keeps the clock that it serves, and tells how wrong it is."""

import json
import os
import re
import shutil
import signal
import struct
import time
import unittest
from pathlib import Path

import rawrpc
from fakeserver import FakeServer, honest, stamps
from harness import SystemTest, children, host_port
from test_schema import validator

TIERS = 4
ROOT_ERROR_NS = 1_000_000
LOOKS = 200
AHEAD_NS = 5 * 10**9
QUICK = ("-i", "250ms")


def root_answer(call):
    """A server of the true time, which is that of the system clock, with a claim to be modest."""
    (proc,) = struct.unpack_from(">I", call, 20)
    reply = bytearray(honest(call))
    if proc == rawrpc.GET_TIME:
        struct.pack_into(">qii", reply, len(reply) - 16, ROOT_ERROR_NS, 1, 0)
    return bytes(reply)


class UpstreamTest(SystemTest):
    def start_root(self):
        root = FakeServer(lambda call, n: [honest(call)], root_answer)
        self.addCleanup(root.close)
        return root.address

    def get_time(self, address):
        """(time before, the server's time, time after, its maximum error; None: it has none)."""
        udp = rawrpc.Udp(address, timeout=5)
        self.addCleanup(udp.close)
        before = time.time_ns()
        reply = udp.exchange(rawrpc.call(rawrpc.GET_TIME))
        after = time.time_ns()
        shown, max_error, sync, _ = struct.unpack(">qqii", rawrpc.parse_reply(reply).results)
        return before, shown, after, max_error if sync else None

    def start_tier(self, clock, above, *args):
        daemon = self.start_lone_daemon("-c", clock, "--upstream", host_port(above), *QUICK, *args)
        self.wait_until(lambda: self.get_time(daemon.addresses["udp"])[3] is not None,
                        "it is synchronised", daemon)
        return daemon

    def tracker_of(self, daemon):
        """Its pid: the child that keeps the clock file."""
        for pid in children(daemon.pid):
            try:
                if ".bound" in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8"):
                    return pid
            except OSError:
                pass  # it has ended
        return None


class TiersTest(UpstreamTest):
    def test_every_tier_is_within_its_claim(self):
        addresses = [self.start_root()]
        for tier, (offset, drift) in enumerate((("900us", "60"), ("-700us", "-40"),
                                                ("500us", "20")), 2):
            clock = self.make_clock(offset, drift, name=f"tier-{tier}")
            addresses.append(self.start_tier(clock, addresses[-1]).addresses["udp"])
        self.assertEqual(len(addresses), TIERS)
        least = [2**63] * TIERS
        for _ in range(LOOKS):
            for tier, address in enumerate(addresses):
                before, shown, after, max_error = self.get_time(address)
                if max_error is None:
                    continue
                least[tier] = min(least[tier], max_error)
                self.assertLessEqual(before - max_error, shown, f"tier {tier + 1}")
                self.assertLessEqual(shown, after + max_error, f"tier {tier + 1}")
            time.sleep(0.01)
        self.assertEqual(least, sorted(least))  # the claims add up
        self.assertEqual(least[0], ROOT_ERROR_NS)
        self.assertLess(least[-1], 100 * ROOT_ERROR_NS)


class LifeTest(UpstreamTest):
    def test_files_signals_and_the_end(self):
        """The options of a configuration file, SIGHUP, the drift file, and SIGTERM within 2 s."""
        drift, log, config = (Path(self.path(name)) for name in ("drift", "log", "config"))
        config.write_text(f"upstream {host_port(self.start_root())}\ninterval 250ms\n"
                          f"drift-file {drift}\nlog {log}\n", encoding="ascii")
        clock = self.make_clock("1s", "50")
        daemon = self.start_lone_daemon("-c", clock, "--config", config)
        self.wait_until(lambda: log.exists() and log.read_bytes().count(b"\n") > 8, "it logs", daemon)
        self.assertRegex(daemon.stderr, r"; stepped \S+ m?s back;")
        log.rename(f"{log}.1")
        daemon.send(signal.SIGHUP)
        self.wait_until(lambda: log.exists() and log.read_bytes().count(b"\n") > 2, "it logs anew",
                        daemon)
        began = time.monotonic()
        self.assertEqual(daemon.stop(), 0, daemon.stderr)
        self.assert_within(2, began)
        self.assertAlmostEqual(float(drift.read_text(encoding="ascii").split()[0]), -50, delta=20)
        for line in log.read_text(encoding="ascii").splitlines():
            json.loads(line)
        self.assertLess(abs(self.clock_offset_ns(clock)), 5_000_000)

    def test_a_tracker_that_was_killed_is_replaced(self):
        clock = self.make_clock("-300us", "20")
        daemon = self.start_tier(clock, self.start_root())
        pid = self.tracker_of(daemon)
        os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: self.tracker_of(daemon) not in (None, pid), "another one", daemon)
        self.assertIn(f"tracker {pid} was ended by signal 9; starting another", daemon.stderr)
        before, shown, after, max_error = self.get_time(daemon.addresses["udp"])
        self.assertLessEqual(before - max_error, shown)
        self.assertLessEqual(shown, after + max_error)

    def test_the_clock_is_kept(self):
        clock = self.make_clock("1ms")
        above = self.start_root()
        daemon = self.start_tier(clock, above)
        result = self.timesync("sync", "-c", clock, host_port(above))
        self.assertEqual(result.status, 3)
        self.assertIn("is kept by timesyncd's tracker, pid", result.stderr)
        second = self.launch_daemon("--no-rpcbind", "-c", clock, "--upstream", host_port(above))
        self.assertEqual(second.wait(), 1)
        self.assertIn("is kept by timesyncd's tracker, pid", second.stderr)
        self.assertEqual(daemon.stop(), 0, daemon.stderr)

    def test_a_server_with_a_key(self):
        """It is believed under the key only, and SIGHUP has the key read again."""
        right, wrong, used = (self.path(name) for name in ("right", "wrong", "used"))
        for key in (right, wrong):
            self.assertEqual(self.timesync("keygen", key).status, 0)
        above = self.start_lone_daemon("--local", "1ms", "-c", self.make_clock(name="above"), "--key", right)
        shutil.copy(wrong, used)
        clock = self.make_clock("1ms", name="mine")
        daemon = self.start_lone_daemon("-c", clock, "--upstream",
                                        host_port(above.addresses["udp"]), *QUICK,
                                        "--upstream-key", used)
        self.wait_until(lambda: "has no key of id" in daemon.stderr, "the wrong key is of no use",
                        daemon)
        self.assertIsNone(self.get_time(daemon.addresses["udp"])[3])
        shutil.copy(right, used)
        daemon.send(signal.SIGHUP)
        self.wait_until(lambda: self.get_time(daemon.addresses["udp"])[3] is not None,
                        "it is synchronised", daemon)

    def test_a_server_that_is_gone(self):
        """It is logged once, and the clock is held over."""
        clock = self.make_clock("1ms")
        root = FakeServer(lambda call, n: [honest(call)], root_answer)
        daemon = self.start_tier(clock, root.address)
        root.close()
        self.wait_until(lambda: "holding over" in daemon.stderr, "it is noticed", daemon)
        time.sleep(1)
        self.assertEqual(daemon.stderr.count("holding over"), 1, daemon.stderr)
        self.assertEqual(daemon.stderr.count("is timesyncd running there"), 1, daemon.stderr)
        self.assertIsNotNone(self.get_time(daemon.addresses["udp"])[3])

    def test_the_user_that_the_daemon_becomes_publishes(self):
        os.chmod(self.directory, 0o755)
        clock = self.make_clock("1ms")
        self.start_tier(clock, self.start_root(), "--user", "nobody")


class StatusTest(UpstreamTest):
    def start_follower(self):
        """Of three good servers, a false one, and one that does not answer. The servers."""
        roots = [self.start_root() for _ in range(3)]
        false = FakeServer(lambda call, n: [stamps(call, AHEAD_NS)],
                           lambda call: honest(call, AHEAD_NS))
        self.addCleanup(false.close)
        hosts = [*map(host_port, (*roots, false.address)), "127.0.0.1:1"]
        ups = [part for host in (*hosts, hosts[0]) for part in ("--upstream", host)]
        clock, self.socket = self.make_clock("-300us", "40"), self.path("socket")
        daemon = self.start_lone_daemon("-c", clock, *ups, "-i", "500ms", "--socket", self.socket)
        self.wait_until(lambda: "; synchronised;" in daemon.stderr, "it is synchronised", daemon)
        return hosts

    def test_for_programs(self):
        hosts = self.start_follower()
        self.wait_until(lambda: self.status()["polls"] > 8, "polls")
        tracking = self.status()
        self.assertEqual(tracking["phase"], "synchronised")
        self.assertEqual((tracking["agreeing"], tracking["servers"]), (3, 5))
        self.assertAlmostEqual(tracking["rate_ppm"], -40, delta=20)
        self.assertAlmostEqual(tracking["frequency_ppm"], -40, delta=20)
        self.assertGreater(tracking["skew_ppm"], 0)
        self.assertLess(abs(tracking["offset_s"]), 1e-3)
        self.assertGreater(tracking["reference_error_s"], ROOT_ERROR_NS / 1e9 - 1e-9)
        self.assertGreater(tracking["served_error_s"], tracking["reference_error_s"])
        self.assertLess(tracking["served_error_s"], 0.1)
        self.assertLess(tracking["last_poll_ago_s"] + tracking["next_poll_s"], 1)
        sources = {source["host"]: source for source in tracking["sources"]}
        self.assertEqual(list(sources), hosts)
        self.assertEqual(sources[hosts[3]]["verdict"], "ahead")
        self.assertAlmostEqual(sources[hosts[3]]["offset_s"], 5, delta=0.1)
        self.assertEqual(sources[hosts[4]]["verdict"], "unmeasured")
        self.assertIn("Connection refused", sources[hosts[4]]["why"])
        self.assertEqual(sources[hosts[4]]["reach"], 0)
        self.assertEqual(sources[hosts[1]]["reach"], 255)
        self.assertAlmostEqual(sources[hosts[1]]["server_error_s"], ROOT_ERROR_NS / 1e9, delta=1e-4)

    def test_for_people(self):
        hosts = self.start_follower()
        out = self.timesync("status", "--socket", self.socket).stdout
        self.assertLessEqual(max(map(len, out.splitlines())), 80, out)
        self.assertRegex(out, r"\AThe clock, .*\n  state +(synchronised|correcting)\b")
        self.assertRegex(out, r"\n  clock, by its servers +(\S+ \S+ (slow|fast)|exactly right), \+/- ")
        self.assertRegex(out, r"\n  served as +synchronised, within \S+ ms of UTC\n")
        self.assertRegex(out, r"\n  next poll +in 0\.\d s\n")
        self.assertRegex(out, rf"\n{hosts[3]} +ahead +\d+ +0\.\d s  \S+ s slow +\S+ us")
        self.assertIn(f"\n  {hosts[3]} is outvoted: its clock is ahead of that of most\n", out)
        self.assertIn("Connection refused", out)
        self.assertIn("\ntimesyncd has been running for ", out)

    def test_nothing_is_known_of_the_rate(self):
        """The frequency of the clock is none that was learnt, and one measurement tells none."""
        root = FakeServer(lambda call, n: [honest(call)] if n < 3 else [], root_answer)
        self.addCleanup(root.close)
        clock, self.socket = self.make_clock("1ms"), self.path("socket")
        self.assertEqual(self.timesync("clock", "adjust", clock, "--frequency", "50").status, 0)
        self.start_lone_daemon("-c", clock, "--upstream", host_port(root.address), "--polite",
                               "--socket", self.socket)
        self.wait_until(lambda: self.status()["polls"] > 1, "two polls, one of them answered")
        known = self.status()
        self.assertEqual(known["used"], 1)
        self.assertEqual(known["frequency_ppm"], 50)
        self.assertIsNone(known["rate_ppm"])
        self.assertIsNone(known["skew_ppm"])
        out = self.timesync("status", "--socket", self.socket).stdout
        self.assertRegex(out, r"\n  rate +unknown yet\n  skew +unknown yet\n")
        self.assertRegex(out, r"\n  frequency correction +50\.000 ppm faster\n")

    def test_what_is_still_to_be_slewed(self):
        """From one look to the next, between two polls, it becomes less."""
        clock, self.socket = self.make_clock("-9s"), self.path("socket")
        self.start_lone_daemon("-c", clock, "--upstream", host_port(self.start_root()), "-i", "8s",
                               "--makestep", "10s", "--max-slew-rate", "100000",
                               "--socket", self.socket)

        def two_looks():
            first, then = self.status(), self.status()
            return first["polls"] == then["polls"] > 0 and (first, then)
        first, then = self.wait_until(two_looks, "two looks between two polls")
        self.assertAlmostEqual(first["slew_ppm"], 100000, delta=100)
        self.assertLess(first["slew_left_s"], 0.3)  # 10 % of the time to the next poll
        self.assertLess(then["slew_left_s"], first["slew_left_s"])
        self.wait_until(lambda: re.search(
            r"\n  slew +\S+ [mun]?s forward in the next \d\.\d s, at \d+\.\d{3} ppm\n"
            r"  to be slewed after that +\d\.\d{6} s forward\n",
            self.timesync("status", "--socket", self.socket).stdout), "people are told")

    def test_watched(self):
        self.start_follower()
        watch = self.launch_client("status", "--watch", "--json", "--socket", self.socket)
        self.wait_until(lambda: watch.stdout.count("\n") >= 2, "it is printed again", watch)
        watch.stop(signal.SIGINT)
        first, second, *_ = map(json.loads, watch.stdout.splitlines())
        self.assertGreater(second["tracking"]["polls"], first["tracking"]["polls"])

    def status(self):
        printed = self.timesync_json("status", "--socket", self.socket)
        validator("status").validate(printed)
        return printed["tracking"]


class RefusalTest(UpstreamTest):
    def refused(self, *args):
        daemon = self.launch_daemon("--no-rpcbind", *args)
        return daemon.wait(), daemon.stderr

    def test_what_does_not_go_together(self):
        clock = self.make_clock()
        up = ("-c", clock, "--upstream", "localhost")
        for args, why in (
                ((*up, "--group=g", "--insecure-lab", "--member=localhost"),
                 "--upstream and --group exclude each other"),
                ((*up, "--local=1ms"), "--upstream and --local exclude each other"),
                ((*up, "--force"), "--force is for the system clock"),
                (("--force",), "--force needs --group or --upstream"),
                (("--drift-file=drift",), "need --upstream"),
                (("-i", "4s"), "need --upstream"),
                (("--upstream=[::1",), "must be HOST, HOST:PORT or [V6]:PORT")):
            with self.subTest(args):
                status, said = self.refused(*args)
                self.assertEqual(status, 2, said)
                self.assertIn(why, said)

    def test_the_system_clock_needs_the_privilege(self):
        status, said = self.refused("--upstream", "localhost")
        self.assertEqual(status, 1)
        self.assertIn("no permission to set the system clock, which --upstream is to keep right",
                      said)


if __name__ == "__main__":
    unittest.main()
