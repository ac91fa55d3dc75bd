# SPDX-License-Identifier: BSD-3-Clause
"""docs/exercises.md: every command in it works as it is printed, and shows what the text says."""

import re
import statistics
import unittest

from printed import (by_hand, clocks, comparisons, delays, duration, frames, leader_of, packets,
                     results, signed)
from typed import EXERCISES, TypedTest, script, sections

MS, SECOND, MINUTE = duration("1 ms"), duration("1 s"), duration("1 min")
TRUTH = 3 * SECOND  # of the server's clock in most exercises
LAST = 11  # those after it are about writing programs: test_courses, test_own_method
GROUP = ("8", "9", "10")  # they share one group

# Commands that are meant to end with another status than 0.
FAILURES = {
    "7": ["3 timesync sync"],
    "8": ["124 timeout"],
    "9": ["124 timeout"],
    "10": ["2 timesync group", "124 timeout", "2 timesync group", "4 timesync group",
           "1 timesync group"],
}


def pause_before_leader(frame, dead):
    """How long after the last word of a dead member the leader began to lead, in ns; the member that is
    asked itself measures both.
    """
    leads_for = re.search(r"^leader .*, for (.*)$", frame, re.M)[1]
    silent_for = re.search(rf"^  \S+:{dead} +(\S+ \S+) ", frame, re.M)[1]
    return duration(silent_for) - duration(leads_for)


def scale(labels):
    """The value at a row or column, by the labels, {row or column: value}."""
    (first, low), *_, (last, high) = sorted(labels.items())
    return lambda place: low + (place - first) * (high - low) / (last - first)


def scattergram(output):
    """(picture, offset in ns of a row, delay in ns of a column, [(column, row) of each point])"""
    picture = re.search(r"offset against the truth\n(.*?)^ +round-trip delay$", output,
                        re.M | re.S)[1]
    *field, axis, below = picture.splitlines()
    left = axis.index("+") + 1
    offsets = {row: signed(found[1], "faster") if found[1] else 0 for row, found in enumerate(
        re.match(r" *(?:(\S+ \w+ (?:slower|faster))|0) -\|", line) for line in field) if found}
    ticks = [column for column, mark in enumerate(axis[left:]) if mark == "|"]
    delays = {}
    for found in re.finditer(r"\S+ \w+|\b0\b", below):
        middle = (found.start() + found.end()) / 2 - left
        tick = min(ticks, key=lambda column: abs(column - middle))
        if abs(tick - middle) <= 1:  # those at the edge are moved
            delays[tick] = duration(found[0])
    points = [(column, row) for row, line in enumerate(field)
              for column, mark in enumerate(line[left:]) if mark in "ox*"]
    return picture, scale(offsets), scale(delays), points


class ExercisesTest(TypedTest):
    """Every command of the document is run once, and then looked at: those about a group, which are
    mostly waiting, beside the others.
    """

    @classmethod
    def shells(cls):
        texts = sections(EXERCISES)
        group = [name for name in texts if name in GROUP]
        others = [name for name in texts if name.isdecimal() and int(name) <= LAST
                  and name not in GROUP]
        return [[(f"Before-{n}", texts["Before"]), *((name, texts[name]) for name in chosen),
                 (f"When-{n}", texts["When"])] for n, chosen in enumerate((group, others))]

    def exercise(self, number):
        return self.output(number)

    def assert_near(self, value, wanted, tolerance):
        self.assertLessEqual(abs(value - wanted), tolerance, f"{value}, not about {wanted}")

    def assert_within_bound(self, result, truth=TRUTH):
        offset, bound = result
        rounding = duration("1 us") if abs(offset) >= SECOND else 1
        self.assert_near(offset, truth, bound + rounding)

    def test_nothing_fails_that_is_not_meant_to(self):
        self.assert_failures(FAILURES)

    def test_nothing_is_left(self):
        self.assert_nothing_is_left()

    def test_all_together_wait_for_less_than_a_minute(self):
        """A busy machine takes longer, since it works longer on the rest."""
        typed = "".join(map(script, self.shells()))
        waits = [int(s) for s in re.findall(r"\b(?:sleep|timeout) (\d+)\b", typed)]
        polls = re.findall(r"--interval (\d+)ms --count (\d+) ", typed)
        self.assertTrue(waits and polls)
        total = sum(waits) + sum(int(ms) * int(count) for ms, count in polls) / 1000
        self.assertLess(total, 50)

    def test_one_round_by_hand(self):
        output = self.exercise("1")
        self.assertIn("program 542397273 version 1 ready and waiting", output)
        t1, t2, t3, t4 = map(int, re.search(r"^(\d{19}) (\d{19}) (\d{19}) (\d{19})$", output,
                                            re.M).groups())
        ((offset, delay),) = by_hand(output)
        self.assertEqual(delay, t4 - t1 - (t3 - t2))
        self.assert_near(offset, TRUTH, delay / 2 + 1)
        (result,) = results(output)
        self.assert_within_bound(result)
        self.assertGreater(delay, 2 * min(delays(output)))
        times = re.findall(r'^"t(\d)_ns":(\d+)$', output, re.M)
        self.assertEqual([which for which, _ in times], ["1", "2", "3", "4"])
        t1, t2, t3, t4 = (int(t) for _, t in times)
        self.assert_near((t2 - t1 + t3 - t4) / 2, TRUTH, (t4 - t1 - (t3 - t2)) / 2 + 1)

    def test_methods_and_scattergram(self):
        output = self.exercise("2")
        (methods,) = comparisons(output)
        for bound, error in methods.values():
            self.assertLessEqual(abs(error), bound + 1)
        others = [methods[name][0] for name in ("cristian", "ntp", "minimum")]
        self.assertGreater(methods["mean"][0], 1.5 * max(others))
        self.assert_is_wedge(output)

    def assert_is_wedge(self, output):
        """No point is further from the truth than half of its delay, as far as characters show it."""
        picture, offset, delay, points = scattergram(output)
        self.assertGreater(len(points), 10, picture)
        self.assertGreater(max(points)[0], min(points)[0], picture)
        for column, row in points:
            most = (delay(column) + 1.5 * (delay(1) - delay(0))) / 2
            most += 1.5 * (offset(0) - offset(1))
            self.assertLessEqual(abs(offset(row)), most, f"column {column}, row {row}\n{picture}")

    def test_unequal_path(self):
        slow_back, slow_there = comparisons(self.exercise("3"))
        for methods, wanted in ((slow_back, 3 * MS), (slow_there, -5 * MS)):
            for bound, error in methods.values():
                self.assertLessEqual(abs(error), bound + 1)
            self.assert_near(methods["ntp"][1], wanted, MS)
            self.assert_near(methods["ntp"][0], 5 * MS, MS)

    def test_loss(self):
        output = self.exercise("4")
        rounds = by_hand(output)
        self.assertEqual(len(rounds), 20)
        for offset, delay in rounds:
            self.assert_near(offset, TRUTH, delay / 2 + 1)
        # Where only the call was lost, half of the wait is error; on a busy machine others take long too.
        again = [(offset - TRUTH, delay, delay // (100 * MS) * 100 * MS)
                 for offset, delay in rounds if delay >= 100 * MS]
        self.assertTrue(any(abs(error - waited / 2) <= (delay - waited) / 2 + 1
                            for error, delay, waited in again), again)
        (result,) = results(output)
        self.assert_within_bound(result)
        self.assert_near(result[0], TRUTH, 20 * MS)
        ((sent, received, lost),) = packets(output)
        self.assertGreater(lost, 0)
        self.assertEqual(sent, received + lost)
        dropped = re.findall(r"^relay: to (\w+): .* dropped (\d+) ", output, re.M)
        self.assertEqual([way for way, n in dropped if int(n)], ["server", "client"])

    def test_interleaved(self):
        output = self.exercise("5")
        basic, interleaved = delays(output)[:20], delays(output)[20:]
        self.assertEqual((len(basic), len(interleaved)), (20, 20))
        self.assertLess(statistics.median(interleaved), statistics.median(basic) / 2)
        self.assertEqual([sent for sent, _received, _lost in packets(output)], [21, 22])

    def test_drift(self):
        output = self.exercise("6")
        drifted = results(output)[-1][0]
        self.assertLess(drifted, -duration("150 us"))
        self.assert_near(drifted, -duration("165 us"), duration("100 us"))
        rate = re.search(r"^rate .*corrected by (-\d+\.\d+) ppm$", output, re.M)[1]
        self.assert_near(float(rate), -80, 5)
        learnt = re.search(r"^rate +(\S+) ppm fast without correction at the end", output, re.M)[1]
        self.assert_near(float(learnt), 80, 5)
        median = re.search(r"^offset, median +\S+ \S+ \w+ +(\S+ \S+) \w+$", output, re.M)[1]
        self.assertLess(duration(median), duration("40 us"))

    def test_liar(self):
        output = self.exercise("7")
        self.assertEqual(re.findall(r"^false    localhost at 127.0.0.1:(\d+): ahead", output, re.M),
                         ["5573", "5573"])
        self.assertEqual(re.findall(r"^together (.*)$", output, re.M),
                         ["3 servers, 3 answered, 2 agree", "2 servers, 2 answered, 1 agree",
                          "3 servers, 3 answered, 2 agree"])
        self.assertIn("the clock was left as it is", output)
        untouched, right = clocks(output)
        self.assert_near(untouched, -40 * MS, 1000)
        self.assert_near(right, 0, 5 * MS)

    def test_berkeley(self):
        output = self.exercise("8")
        self.assertEqual(leader_of(frames(output)[-1])[0], "5583")
        # Just below 2 min it is in seconds, which some ns of noise decide.
        corrections = re.findall(r"^[ *] 127.0.0.1:(\d+) .*  ((?:\d+ min \d+|[\d.]+) s \w+) +in +"
                                 r"stepped$", output, re.M)
        wanted = {"5581": 2 * MINUTE, "5582": 16 * MINUTE, "5583": -18 * MINUTE}
        self.assertEqual({port for port, _ in corrections}, set(wanted))
        for port, correction in corrections:
            self.assert_near(signed(correction, "back"), wanted[port], SECOND)
        self.assertEqual(len(clocks(output)), 3)
        for offset in clocks(output):
            self.assert_near(offset, 2 * MINUTE, SECOND / 2)

    def test_killed_leader(self):
        output = self.exercise("9")
        before, *watched = [leader_of(frame) for frame in frames(output)]
        self.assertEqual(before, leader_of(frames(self.typed["8"].output)[-1]))
        self.assertEqual(watched[-1][0], "5582")
        self.assertGreaterEqual(pause_before_leader(frames(output)[-1], "5583"), 1.5 * SECOND)
        self.assertGreater(watched[-1][1], before[1])
        self.assertEqual(len(clocks(output)), 2)
        for offset in clocks(output):
            self.assert_near(offset, 2 * MINUTE, SECOND / 2)

    def test_minority_and_stranger(self):
        output = self.exercise("10")
        alone, *healed, stranger, _refused = frames(output)
        self.assertEqual(leader_of(alone)[0], "none")
        before = leader_of(frames(self.typed["9"].output)[-1])[1]
        leader, term = leader_of(healed[-1])
        self.assertIn(leader, ("5581", "5582"))
        self.assertGreater(term, before)
        wrong, *mended = clocks(output)
        self.assert_near(wrong, 2 * MINUTE + 4 * SECOND, SECOND / 2)
        self.assertEqual(len(mended), 2)
        for offset in mended:
            self.assert_near(offset, 2 * MINUTE + 2 * SECOND, 3 * SECOND / 2)
        self.assert_near(mended[0], mended[1], SECOND / 2)
        self.assertEqual(leader_of(stranger)[0], "none")
        self.assertEqual(len(re.findall(r"^  127.0.0.1:558[12] +never +$", stranger, re.M)), 2)
        self.assertIn("it refuses the call: is --key the key of its group?", output)
        self.assertRegex(output, r"(?m)^refused_mac [1-9]")

    def test_commit_wait(self):
        output = self.exercise("11")
        errors = re.findall(r"^clock .* right to within (\S+ \S+)$", output, re.M)
        self.assertEqual(len(errors), 2)
        for error in errors:
            self.assert_near(duration(error), 20 * MS, 10 * MS)
        self.assertEqual(re.findall(r"^by_the_clock: (\d+) of 19", output, re.M), ["10"])
        self.assertEqual(re.findall(r"^with_commit_wait: (\d+) of 19", output, re.M), ["0"])


if __name__ == "__main__":
    unittest.main()
