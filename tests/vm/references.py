# SPDX-License-Identifier: BSD-3-Clause
"""A group that follows references, whose clocks real chronyds keep by the truth: the clock of guest
1, which a chronyd serves.
"""

import json
import time

from island import CHRONYD, CLOSE_NS, MS, SECOND, IslandTest

REFERENCES = (2, 3)
OTHERS = (4, 5, 6)
DRIFTS_PPM = {4: -60, 5: 10, 6: 80}
WRONG_NS = 50 * MS
# The group turns by 200 ppm and its members slew by 500 at most; the rest is their drift.
MOST_PPM = 1000
# A reference that has gone away counts again only after 16 to 64 cycles.
PATIENCE_S = 240
TRUTH_CONF = "local stratum 1\nallow 10.0.0.0/24\n"
REFERENCE_CONF = ("server 10.0.0.1 iburst minpoll 0 maxpoll 0 offset {offset}\n"
                  "makestep 0.01 3\nrtcsync\n")
COMMON_CONF = "cmdport 0\nbindcmdaddress /\npidfile /run/chronyd.pid\n"


class ReferencesTest(IslandTest):
    years = dict.fromkeys((1, *REFERENCES, *OTHERS), 2026)
    members = (*REFERENCES, *OTHERS)
    seen = {}  # {number: (when its clock was measured, ahead of the truth, +/- this)}
    worst_ns = 0  # the farthest from the truth that one was

    # --- the watch on the clocks that the group keeps ---

    def look(self, numbers):
        """None of these is far from the truth, nor has jumped since the last look."""
        before = time.monotonic_ns()
        ahead = self.ahead(numbers)
        after = time.monotonic_ns()
        for number in numbers:
            if not ahead[number]:
                continue
            offset, bound = ahead[number]
            self.assertLessEqual(abs(offset), CLOSE_NS + bound, f"guest {number}")
            type(self).worst_ns = max(self.worst_ns, abs(offset))
            if number in self.seen:
                then, was, was_bound = self.seen[number]
                self.assertLessEqual(
                    abs(offset - was), bound + was_bound + (after - then) * MOST_PPM // 10**6,
                    f"guest {number} has jumped from {was} ns ahead to {offset}")
            self.seen[number] = (before, offset, bound)

    def watch_until(self, condition, what, numbers=OTHERS):
        """As wait_until, and look meanwhile."""
        def check():
            self.look(numbers)
            return condition()
        return self.wait_until(check, what, PATIENCE_S)

    def watch(self, seconds, numbers=OTHERS):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look(numbers)

    def stepped(self, numbers=OTHERS):
        return {number: self.steps(number) for number in numbers}

    # --- the group's time, and its references ---

    def source(self):
        """("REFERENCE" or "ISLAND", {number: whether it is followed, or why not}) by the leader."""
        leader = self.leader()
        status = self.status(leader) if leader else {}
        return status.get("time"), {
            int(m["address"].partition(":")[0].rpartition(".")[2]): m["reference"]
            for m in status.get("members", []) if m["reference"]}

    def follows(self, *numbers):
        """Whether the group follows exactly these."""
        time_of, references = self.source()
        return time_of == "REFERENCE" and numbers == tuple(
            number for number, verdict in sorted(references.items()) if verdict == "followed")

    def keep_by_chronyd(self, number, offset_ns=0):
        """Have a chronyd keep that guest's clock, so far from the truth."""
        guest = self.guests[number]
        guest.write(path="/etc/chrony/chrony.conf", text=COMMON_CONF + REFERENCE_CONF.format(
            offset=offset_ns / SECOND))
        guest.start(name="chronyd", argv=[CHRONYD, "-d", "-u", "root"])
        self.wait_until(lambda: guest.clock()["synchronised"] and self.is_ahead(number, offset_ns),
                        f"chronyd keeps guest {number}")

    def is_ahead(self, number, offset_ns):
        measured = self.ahead([number])[number]
        return measured and abs(measured[0] - offset_ns) <= CLOSE_NS + measured[1]

    def keep_it_otherwise(self, number, offset_ns):
        self.assertEqual(self.guests[number].stop(name="chronyd"), 0)
        self.keep_by_chronyd(number, offset_ns)

    # --- the tests, in order ---

    def test_1_it_follows_two_references(self):
        self.judge.write(path="/etc/chrony/chrony.conf", text=COMMON_CONF + TRUTH_CONF)
        self.judge.start(name="chronyd", argv=[CHRONYD, "-x", "-d", "-u", "root"])
        for number in REFERENCES:
            self.keep_by_chronyd(number)
            self.start_member(number, "--reference")
        for number in OTHERS:
            self.guests[number].drift(ppm=DRIFTS_PPM[number])
            self.start_member(number)
        self.wait_until(lambda: self.follows(*REFERENCES), "both are followed")
        spread, bound = self.wait_until_close("all agree with the truth")
        print(f"        | all within {spread / MS:.3f} ms of the truth, +/- {bound / MS:.3f} ms")
        self.watch(15)

    def test_2_what_they_claim(self):
        for number in OTHERS:
            guest = self.guests[number]
            self.wait_until(lambda g=guest: g.clock()["synchronised"], "it is marked")
            claimed = guest.clock()["max_error_ns"]
            offset, bound = self.ahead([number])[number]
            self.assertLessEqual(abs(offset), claimed + bound)
            self.assertLess(claimed, SECOND // 10)

    def test_3_without_references_it_goes_on(self):
        steps = self.stepped()
        self.switch.cut_off.update(REFERENCES)
        self.watch_until(lambda: self.source()[0] == "ISLAND", "it is an island")
        claimed = self.status(self.wait_for_leader())["max_error_s"]
        self.watch(20)
        self.assertGreater(self.status(self.wait_for_leader())["max_error_s"], claimed)
        self.switch.cut_off.clear()
        self.watch_until(lambda: self.follows(*REFERENCES), "both are followed again")
        self.watch(15)
        self.assertEqual(self.stepped(), steps)
        self.assert_told()

    def test_4_two_that_disagree_are_not_followed(self):
        steps = self.stepped()
        self.keep_it_otherwise(3, WRONG_NS)
        self.watch_until(lambda: self.source() == (
            "ISLAND", dict.fromkeys(REFERENCES, "no majority")), "neither is followed")
        self.watch(10)
        self.keep_it_otherwise(3, 0)
        self.watch_until(lambda: self.follows(*REFERENCES), "both are followed again")
        self.watch(10)
        self.assertEqual(self.stepped(), steps)
        self.assert_told()

    def test_5_one_of_three_is_left_out(self):
        """Guest 4 becomes a reference."""
        own, three = OTHERS[1:], (*REFERENCES, OTHERS[0])
        steps = self.stepped(own)
        self.assertEqual(self.guests[three[2]].stop(name="timesyncd"), 0, self.log(three[2]))
        self.keep_by_chronyd(three[2])
        self.start_member(three[2], "--reference")
        self.watch_until(lambda: self.follows(*three), "all three are followed", own)
        self.keep_it_otherwise(2, WRONG_NS)
        self.watch_until(lambda: self.source() == (
            "REFERENCE", {2: "ahead", 3: "followed", 4: "followed"}), "it is left out", own)
        self.watch(10, own)
        self.assertEqual(self.stepped(own), steps)
        self.assert_told()

    def assert_told(self):
        print(f"        | at most {self.worst_ns / MS:.3f} ms from the truth so far")
