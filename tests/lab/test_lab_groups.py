# SPDX-License-Identifier: BSD-3-Clause
"""The scenarios of timesync-lab with groups keep their limits, and leave reports."""

import unittest

import labrun

TWICE = "leader-crash"  # with one seed


class GroupsTest(labrun.ShippedCase):
    GROUPS, TWICE = True, (TWICE,)

    def test_samples_are_the_clocks(self):
        samples = self.rows("berkeley", "samples.csv")
        self.assertGreater(len(samples), 30)
        self.assertAlmostEqual(float(samples[0]["c_error_s"]), 1200, delta=0.01)
        errors = [float(samples[-1][f"{n}_error_s"]) for n in "abcde"]
        spread = max(errors) - min(errors)
        self.assertAlmostEqual(float(samples[-1]["spread_s"]), spread, delta=1e-6)
        self.assertIn(samples[-1]["leader"], [*"abcde"])

    def test_one_seed_gives_the_same_events(self):
        events = [[(row["planned_s"], row["what"].split()[0]) for row in
                   self.rows(name, "events.csv")]
                  for name in (TWICE, "again")]
        self.assertEqual(events[0], events[1])
        self.assertEqual([what for _, what in events[0]], ["kill", "restart"])
        starts = [[self.rows(name, "samples.csv")[0][f"{n}_error_s"][:6] for n in "bcde"]
                  for name in (TWICE, "again")]
        self.assertEqual(starts[0], starts[1])
        self.assertEqual(self.done["again"].returncode, 0, self.done["again"].stdout)


if __name__ == "__main__":
    unittest.main()
