# SPDX-License-Identifier: BSD-3-Clause
"""A group of three virtual machines that keep their system clocks together."""

import json
import re
import time

from island import CHRONYD, CLOSE_NS, MS, SECOND, IslandTest

NUMBERS = (1, 2, 3)
DRIFTS_PPM = {1: -60, 2: 10, 3: 80}
# For clocks that are years apart; and afterwards.
WIDE = ("--tolerance", "500000h", "--max-correction", "0")
NORMAL = ("--tolerance", "500ms")
MARK = re.compile(r"wrong by (-?[0-9.]+) seconds")


class GroupTest(IslandTest):
    years = {1: 2019, 2: 2024, 3: 2031}
    members = NUMBERS

    def start_member(self, number, *args):
        super().start_member(number, *(args or NORMAL))

    def assert_not_moved(self, numbers, steps):
        """Since they had been stepped so often, these have not followed a clock that is wrong by
        seconds.
        """
        for number in numbers:
            amounts = re.findall(r"clock stepped ([0-9.]+) (\w+) (.)", self.log(number))
            for amount, unit, follows in amounts[steps[number]:]:
                self.assertIn(follows, "fb", "it has one unit, before forward or back")
                self.assertIn(unit, ("ns", "us", "ms"), f"guest {number}")
                self.assertTrue(unit != "ms" or float(amount) < 500, f"guest {number}")

    # --- the tests, in order ---

    def test_1_three_years_become_one(self):
        self.assertEqual({n: guest.clock()["year"] for n, guest in self.guests.items()}, self.years)
        for number in NUMBERS:
            self.assertFalse(self.guests[number].clock()["synchronised"])
            self.guests[number].drift(ppm=DRIFTS_PPM[number])
            self.start_member(number, *WIDE)
        spread, bound = self.wait_until_close("clocks of three years agree")
        print(f"        | spread {spread / MS:.3f} ms, +/- {bound / MS:.3f} ms")
        self.wait_for_leader()
        for number in NUMBERS:  # as the guide has it
            self.assertEqual(self.guests[number].stop(name="timesyncd"), 0, self.log(number))
            self.start_member(number)
        self.wait_for_leader()
        self.wait_until_close()

    def test_2_only_the_agent_may_set_the_clock(self):
        for number in NUMBERS:
            processes = self.guests[number].privileges(command="timesyncd")
            self.assertEqual(len(processes), 4, processes)  # supervisor, worker, guardian, agent
            self.assertEqual({user for _, _, user, _ in processes}, {900})
            may = {pid: parent for pid, parent, _, may in processes if may}
            self.assertEqual(len(may), 2, processes)
            self.assertEqual(len(set(may) & set(may.values())), 1)  # one has started the other

    def test_3_they_are_marked_as_synchronised(self):
        for number in NUMBERS:
            clock = self.wait_until(lambda n=number: self.guests[n].clock()["synchronised"] and
                                    self.guests[n].clock(), "it is marked")
            self.assertLess(clock["max_error_ns"], SECOND)
            served = self.guests[number].run(argv=["/build/timesync", "query", "--json", "-p",
                                                   self.port(number), "127.0.0.1"])
            self.assertEqual(json.loads(served["stdout"])["server"]["sync"], "synchronised")

    def port(self, number):
        return re.findall(r"serving udp \S+:(\d+)", self.log(number))[-1]

    def test_4_they_stay_close(self):
        steps = {number: self.steps(number) for number in NUMBERS}
        spreads = []
        for _ in range(8):
            time.sleep(1)
            spread, bound = self.wait_until(self.spread_ns, "all are measured")
            self.assertLessEqual(spread, CLOSE_NS + bound)
            spreads.append(spread)
        stepped = sum(self.steps(number) - steps[number] for number in NUMBERS)
        print(f"        | spread at most {max(spreads) / MS:.3f} ms in 8 s; {stepped} steps")

    def test_5_a_killed_agent_is_replaced_by_one_that_may_set_the_clock(self):
        leader = self.wait_for_leader()
        number = next(n for n in NUMBERS if n != leader)
        processes = self.guests[number].privileges(command="timesyncd")
        parents = {parent for _, parent, _, _ in processes}
        (agent,) = [pid for pid, _, _, may in processes if may and pid not in parents]
        corrections = self.status(number)["corrections"]
        self.assertGreater(corrections, 0)
        self.guests[number].kill(pid=agent)
        self.wait_until(lambda: "ended by signal 9; starting another" in self.log(number),
                        "the guardian says so")
        self.wait_until(lambda: self.status(number).get("corrections", 0) > 1 and self.is_close(),
                        "the new one corrects the clock")

    def test_6_the_leader_is_killed(self):
        leader = self.wait_for_leader()
        self.guests[leader].kill_all(command="timesyncd")
        successor = self.wait_for_leader(other_than=leader)
        cycles = self.status(successor)["cycles"]
        self.wait_until(lambda: self.status(successor)["cycles"] > cycles + 2, "it goes on")
        self.wait_until_close()
        self.start_member(leader)
        self.wait_until(lambda: self.status(leader).get("corrections", 0) > 0, "it is back")
        self.wait_until_close()

    def test_7_a_guest_is_paused(self):
        leader = self.wait_for_leader()
        paused = next(n for n in NUMBERS if n not in (leader, 1))
        others = [n for n in NUMBERS if n != paused]
        steps = {n: self.steps(n) for n in NUMBERS}
        self.guests[paused].pause_for(8)
        self.wait_until(lambda: self.steps(paused) > steps[paused], "it is stepped")
        self.wait_until_close()
        self.assertIn("forward", self.log(paused).split("clock stepped")[-1].splitlines()[0])
        self.assert_not_moved(others, steps)

    def test_8_a_clock_is_set_by_hand(self):
        leader = self.wait_for_leader()
        number = next(n for n in NUMBERS if n not in (leader, 1))
        others = [n for n in NUMBERS if n != number]
        steps = {n: self.steps(n) for n in NUMBERS}
        self.guests[number].set_by(amount_ns=5 * SECOND)
        self.wait_until(lambda: self.steps(number) > steps[number], "it is stepped back")
        self.wait_until_close()
        self.assert_not_moved(others, steps)

    def test_9_a_leader_that_is_cut_off_does_not_act(self):
        leader = self.wait_for_leader()
        self.switch.cut_off.add(leader)
        others = [n for n in NUMBERS if n != leader]
        self.wait_until(lambda: self.status(others[0])["leader"] in
                        [f"10.0.0.{n}:21319" for n in others], "another leads")
        self.assertFalse(self.status(leader)["leads"])
        self.switch.cut_off.clear()
        self.wait_for_leader()
        self.wait_until_close()

    def test_a_chronyd_serves_the_site(self):
        """NTP from two members, to a client that asks while the leader is killed."""
        leader = self.wait_for_leader()
        servers = [n for n in NUMBERS if n != 1]
        for number in servers:
            self.guests[number].write(path="/etc/chrony/chrony.conf", text=(
                "local stratum 10\nallow 10.0.0.0/24\ncmdport 0\nbindcmdaddress /\n"
                "pidfile /run/chronyd.pid\n"))
            self.guests[number].start(name="chronyd", argv=[CHRONYD, "-x", "-d", "-u", "root"])
        self.assert_served(servers)
        if leader != 1:
            self.guests[leader].kill_all(command="timesyncd")
        self.assert_served(servers)
        self.wait_for_leader(other_than=leader)
        self.assert_served(servers)
        if leader != 1:
            self.start_member(leader)
            self.wait_until(lambda: self.status(leader).get("corrections", 0) > 0, "it is back")
        for number in NUMBERS:
            self.assertNotIn("cannot be kept", self.log(number))

    def assert_served(self, servers):
        words = [f"server 10.0.0.{n} iburst" for n in servers]
        done = self.judge.run(argv=[CHRONYD, "-Q", "-u", "root", "-t", "20", *words], timeout=40)
        wrong = MARK.search(done["stderr"] + done["stdout"])
        self.assertTrue(wrong, done)
        self.assertLess(abs(float(wrong[1])), (CLOSE_NS + 10 * MS) / SECOND, done)

    def test_b_the_mark_is_taken_back(self):
        for number in NUMBERS:
            self.assertTrue(self.guests[number].clock()["synchronised"])
            self.assertEqual(self.guests[number].stop(name="timesyncd"), 0)
            clock = self.guests[number].clock()
            self.assertFalse(clock["synchronised"], f"guest {number}: {self.log(number)[-1500:]}")
            self.assertEqual((clock["max_error_ns"], clock["est_error_ns"]),
                             (16 * SECOND, 16 * SECOND))

    def test_c_it_refuses_beside_another_program(self):
        guest = self.guests[1]
        guest.write(path="/etc/chrony/chrony.conf", text="cmdport 0\nbindcmdaddress /\n"
                    "pidfile /run/chronyd.pid\nserver 10.0.0.2\n")
        guest.start(name="keeper", argv=[CHRONYD, "-d", "-u", "root"])
        self.wait_until(lambda: "chronyd version" in guest.log(name="keeper"), "chronyd runs")
        self.start_member(1)
        self.wait_until(lambda: guest.status(name="timesyncd") == 1, "it refuses")
        self.assertRegex(self.log(1).splitlines()[-1],
                         r"cannot be kept by group island: chronyd, pid \d+, steers it; only one")
        guest.stop(name="keeper")
