# SPDX-License-Identifier: BSD-3-Clause
"""A group of a thousand members, a tenth of them dead: the duration of a cycle."""

import unittest

from crowd import Crowd, agent_of, resident_kib, timeout_s
from groups import GroupTest

MEMBERS = 1000
DEAD = 100
CYCLE_S = 3


class LargeTest(GroupTest):
    def test_a_cycle(self):
        crowd = self.enterContext(Crowd(self.key, MEMBERS - 1 - DEAD, DEAD))
        self.start_member(0, [crowd.own, *crowd.others], "--lease", "12s", "--cycle",
                          f"{CYCLE_S}s", "--max-bound", "1s")  # the crowd is one slow process
        self.wait_until(lambda: self.status(0)["leads"], "it is elected", self.daemons[0])

        def second_cycle():
            status = self.status(0)
            self.assertEqual(len(status["members"]), MEMBERS)
            cycle = crowd.cycle(status)
            return cycle and cycle.number > 1 and not cycle.awaited and cycle

        cycle = self.wait_until(second_cycle, "two cycles", self.daemons[0])
        print(f"{cycle.corrected} of {crowd.live} live members were corrected; the cycle took "
              f"{cycle.took_s:.3f} s, the slowest round trip {cycle.slowest_s * 1e3:.3f} ms; the "
              f"agent has {resident_kib(agent_of(self.daemons[0].pid))} KiB")
        self.assertGreaterEqual(cycle.corrected, crowd.live - 1)
        self.assertLess(cycle.took_s, 1.5 * (cycle.slowest_s + timeout_s(CYCLE_S)))


if __name__ == "__main__":
    unittest.main()
