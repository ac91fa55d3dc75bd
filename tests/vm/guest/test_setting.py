# SPDX-License-Identifier: BSD-3-Clause
"""timesync sync on the system clock of the guest."""

import json
import time

import kernel
from guest import GuestTest
from harness import host_port, ns
from kernel import READING_NS, ahead_ns, slew_left_ns

SECOND = 10**9
MS = 10**6
US = 10**3
SLEW_PPM = 500


class SyncTest(GuestTest):
    def sync(self, *args, status=0):
        return self.timesync_json("sync", *args, status=status)

    def serve(self, offset):
        """timesyncd on a clock file, which is that far ahead and moves with the system clock."""
        daemon = self.start_lone_daemon("-c", self.make_clock(offset, name=f"clock{offset}"))
        return host_port(daemon.addresses["udp"])

    def assert_right(self, truth, answer):
        """As right as the measurement was, but for microseconds, which a slew is made of."""
        self.assertLessEqual(abs(truth.slow_ns()), ns(answer["max_error_s"]) + US + READING_NS)


class StepTest(SyncTest):
    def test_what_is_large_is_stepped(self):
        for offset_ns in (2_500_000_000, -2_500_000_000, 86_000 * SECOND):
            with self.subTest(offset_ns):
                truth, before = self.start_truth(offset_ns), ahead_ns()
                answer = self.sync(truth.server)
                self.assertEqual((answer["action"], answer["applied"]), ("step", True))
                self.assert_moved(before, ns(answer["correction_s"]))
                self.assert_right(truth, answer)
                self.assertEqual(slew_left_ns(), 0)

    def test_a_clock_that_follows_ours(self):
        """After the step it is as far ahead as before: the step is taken back."""
        for offset in ("2.5s", "-300ms"):
            with self.subTest(offset):
                server = self.serve(offset)
                answer = self.sync(server, status=3)
                self.assertEqual((answer["action"], answer["applied"]), ("refuse", False))
                self.assertIn("moves with the local clock", answer["reason"])
                self.assert_moved(self.before, 0, 10 * MS)
                result = self.timesync("sync", server)
                self.assertEqual(result.status, 3, result)
                self.assertIn("the step was undone", result.stderr)
                self.assert_moved(self.before, 0, 10 * MS)

    def test_two_at_once_correct_it_once(self):
        for number in range(5):
            truth = self.start_truth(2500 * MS)
            both = [self.launch_client("sync", truth.server) for _ in range(2)]
            for sync in both:
                self.assertEqual(sync.wait(), 0, sync.stderr)
            self.assertLess(abs(truth.slow_ns()), 50 * MS, f"number {number}")

    def test_far_by_an_unsynchronised_server(self):
        server = self.start_truth(25 * 3600 * SECOND).server
        result = self.timesync("sync", server)
        self.assertEqual(result.status, 3, result)
        self.assertIn("--allow-unsynchronised", result.stderr)
        self.assert_untouched()
        answer = self.sync("--allow-unsynchronised", server)
        self.assertEqual((answer["action"], answer["applied"]), ("step", True))

    def test_a_step_that_the_kernel_refuses_is_not_claimed(self):
        """To a second after the beginning of 1970, which is before the machine was started."""
        server = self.start_truth(SECOND - time.time_ns()).server
        result = self.timesync("sync", "--allow-unsynchronised", server)
        self.assertEqual(result.status, 3, result)
        self.assertIn("cannot step the clock", result.stderr)
        self.assertNotIn("action", result.stdout)
        self.assert_untouched()

    def test_what_is_small_is_stepped_if_asked(self):
        truth = self.start_truth(3 * MS)
        answer = self.sync("--step", truth.server)
        self.assertEqual(answer["action"], "step")
        self.assert_moved(self.before, ns(answer["correction_s"]))
        self.assert_right(truth, answer)

    def test_a_step_ends_a_slew(self):
        answer = self.sync(self.start_truth(100 * MS).server)
        self.assertEqual(answer["action"], "slew")
        self.assert_between(90 * MS, slew_left_ns(), ns(answer["correction_s"]) + US)
        truth = self.start_truth(10 * SECOND)
        answer = self.sync(truth.server)
        self.assertEqual(slew_left_ns(), 0)
        self.assert_right(truth, answer)

    def test_a_stepped_clock_is_not_called_synchronised(self):
        daemon = self.start_lone_daemon()  # of the system clock
        kernel.claim_synchronised(5 * MS)
        ours = host_port(daemon.addresses["udp"])
        self.assertEqual(self.timesync_json("query", ours)["server"]["sync"], "synchronised")
        self.sync(self.start_truth(2 * SECOND).server)
        self.assertFalse(kernel.state().synchronised)
        self.assertEqual(self.timesync_json("query", ours)["server"]["sync"], "unsynchronised")


class SlewTest(SyncTest):
    def test_what_is_small_is_slewed(self):
        truth = self.start_truth(4 * MS)
        answer = self.sync(truth.server)
        self.assertEqual((answer["action"], answer["applied"]), ("slew", True))
        correction_ns = ns(answer["correction_s"])
        self.assert_between(1, slew_left_ns(), correction_ns + US)
        self.assert_between(-READING_NS, ahead_ns() - self.before, 2 * MS)
        self.wait_until(lambda: slew_left_ns() == 0, "the slew ends")
        # A slew that the kernel calls done is spread over the next second.
        time.sleep(1.5)
        self.assert_moved(self.before, correction_ns)
        self.assert_right(truth, answer)
        self.assertEqual(kernel.state().frequency_ppm, 0)

    def test_it_moves_at_the_rate_that_the_manual_says(self):
        for sign in (1, -1):
            with self.subTest(sign):
                self.sync(self.start_truth(sign * 100 * MS).server)
                time.sleep(1.5)  # it begins with the next second
                ahead, started = ahead_ns(), time.monotonic_ns()
                time.sleep(4)
                moved, elapsed = ahead_ns() - ahead, time.monotonic_ns() - started
                self.assertAlmostEqual(sign * moved / elapsed * 1e6, SLEW_PPM, delta=60)

    def test_another_takes_its_place(self):
        truth = self.start_truth(4 * MS)
        self.sync(truth.server)
        self.wait_until(lambda: slew_left_ns() < 3 * MS, "the slew goes on")
        answer = self.sync(truth.server)
        self.assert_between(1, ns(answer["correction_s"]),
                            3 * MS + 600 * US + ns(answer["max_error_s"]))
        self.wait_until(lambda: slew_left_ns() == 0, "the slew ends")
        time.sleep(1.5)
        # Measured while the clock was slewed: by 500 ppm of the time that it took.
        self.assertLessEqual(abs(truth.slow_ns()), ns(answer["max_error_s"]) + 600 * US)

    def test_a_large_one_if_asked(self):
        answer = self.sync("--slew", self.start_truth(60 * SECOND).server)
        self.assertEqual(answer["action"], "slew")
        self.assert_within_bound(answer, 60 * SECOND)
        self.assert_between(59 * SECOND, slew_left_ns(), ns(answer["correction_s"]) + US)
        self.assert_moved(self.before, 0, MS * 20)

    def test_more_than_the_kernel_can_slew_is_refused(self):
        result = self.timesync("sync", "--slew", self.start_truth(3000 * SECOND).server)
        self.assertEqual(result.status, 3, result)
        self.assertIn("action   refused: the local clock is 50 min 0 s slow, and can be slewed by "
                      "35 min 45 s at most; --step sets it at once", result.stdout)
        self.assert_untouched()


class UntouchedTest(SyncTest):
    OFFSETS = (("step", 2 * SECOND), ("slew", 20 * MS))

    def test_a_dry_run(self):
        for action, offset_ns in self.OFFSETS:
            with self.subTest(action):
                answer = self.sync("--dry-run", self.start_truth(offset_ns).server)
                self.assertEqual((answer["action"], answer["applied"]), (action, False))
                self.assert_within_bound(answer, offset_ns)
                self.assert_untouched()

    def test_a_correction_over_the_limit(self):
        for action, offset_ns in self.OFFSETS:
            with self.subTest(action):
                server = self.start_truth(offset_ns).server
                answer = self.sync("--max-change", "19ms", server, status=3)
                self.assertEqual((answer["action"], answer["applied"]), ("refuse", False))
                self.assert_untouched()

    def test_without_the_privilege(self):
        for action, offset_ns in self.OFFSETS:
            with self.subTest(action):
                server = self.start_truth(offset_ns).server
                result = self.timesync_as_nobody("sync", server)
                self.assertEqual(result.status, 4, result)
                self.assertEqual(result.stdout, "")
                self.assertIn("no permission to set the system clock", result.stderr)
                result = self.timesync_as_nobody("sync", "--json", server)
                self.assertEqual(result.status, 4, result)
                answer = json.loads(result.stdout)
                self.assertIn("no permission", answer["error"])
                self.assert_untouched()

    def test_a_query(self):
        truth = self.start_truth(2 * SECOND)
        self.assert_within_bound(self.timesync_json("query", truth.server), 2 * SECOND)
        self.assert_untouched()

    def test_two_servers_that_contradict_each_other(self):
        servers = [self.start_truth(offset * SECOND).server for offset in (2, 5)]
        result = self.timesync("sync", *servers)
        self.assertEqual(result.status, 3, result)
        self.assert_untouched()
