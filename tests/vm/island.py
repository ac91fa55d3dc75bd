# SPDX-License-Identifier: BSD-3-Clause
"""What tests of several virtual machines share: the guests, the group that some form, the judge.

The tests of a class are run in the order of their names, on the same guests. The judge is guest 1,
which measures the clocks of the others by datagrams of its own.
"""

import json
import shutil
import tempfile
import time
import unittest
from pathlib import Path

from guests import Member, Switch

MS = 10**6
SECOND = 10**9
LEASE_S, CYCLE_S = 3, 1
# Guests whose processor is emulated answer late, and see each other to within milliseconds.
CLOSE_NS = 20 * MS
DEADLINE_S = 180  # as their processors are emulated, and the machine may have other work
CHRONYD = "/usr/sbin/chronyd"


class IslandTest(unittest.TestCase):
    directory = None  # of the kernel and the image; set before the tests are run
    years = {}  # {number of a guest: the year in which its clock begins}
    members = ()  # of the group, by their numbers

    @classmethod
    def setUpClass(cls):
        cls.work = Path(tempfile.mkdtemp(prefix="guests"))
        cls.addClassCleanup(shutil.rmtree, cls.work)
        cls.switch = Switch(cls.work, cls.years)
        cls.guests = {}
        for number, year in cls.years.items():
            cls.guests[number] = Member(number, cls.directory, cls.work, cls.switch, year)
            cls.addClassCleanup(cls.guests[number].end)
        for guest in cls.guests.values():
            guest.wait_until_up(guest.number)
        cls.judge = cls.guests[1]
        cls.make_key()

    @classmethod
    def make_key(cls):
        made = cls.judge.run(argv=["/build/timesync", "group", "keygen", "/key"])
        assert made["status"] == 0, made
        key = cls.judge.run(argv=["/usr/bin/python3", "-c", "print(open('/key').read(), end='')"])
        for guest in cls.guests.values():
            guest.write(path="/key", text=key["stdout"], mode=0o600)

    # --- the group ---

    def start_member(self, number, *args):
        members = [word for other in self.members for word in ("--member", f"10.0.0.{other}")]
        self.guests[number].start(name="timesyncd", argv=[
            "/build/timesyncd", "-f", "--no-rpcbind", "--user", "timesyncd", "--group", "island",
            "--key", "/key", "--lease", f"{LEASE_S}s", "--cycle", f"{CYCLE_S}s", *members,
            *args])

    def status(self, number):
        done = self.guests[number].run(argv=["/build/timesync", "group", "status", "--json"])
        return json.loads(done["stdout"]) if done["stdout"].startswith("{") else {}

    def wait_until(self, condition, what, within_s=DEADLINE_S):
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.2)
        logs = "\n".join(f"--- {number}\n{self.log(number)[-1500:]}" for number in self.members)
        self.fail(f"not within {within_s} s: {what}\n{logs}")

    def ahead(self, numbers):
        """{number: (by how many ns its clock is ahead of the judge's, +/- this), or None}"""
        measured = self.judge.ahead(of=list(numbers))  # in JSON the numbers are strings
        return {int(number): is_ahead for number, is_ahead in measured.items()}

    def spread_ns(self):
        """(by how much the clocks, and the judge's, differ, as far as that can tell; its bound)"""
        ahead = self.ahead(number for number in self.members if number != 1)
        if None in ahead.values():
            return None
        offsets = [0, *(offset for offset, _ in ahead.values())]
        return max(offsets) - min(offsets), max(bound for _, bound in ahead.values())

    def is_close(self):
        spread = self.spread_ns()
        return spread and spread[0] <= CLOSE_NS + spread[1] and spread

    def wait_until_close(self, what="the clocks agree"):
        return self.wait_until(self.is_close, what)

    def leader(self):
        """The member that may lead, by its number, or None."""
        leading = [number for number in self.members if self.status(number).get("leads")]
        return leading[0] if len(leading) == 1 else None

    def log(self, number):
        return self.guests[number].log(name="timesyncd")

    def wait_for_leader(self, other_than=None):
        return self.wait_until(lambda: self.leader() not in (None, other_than) and self.leader(),
                               "there is a leader")

    def steps(self, number):
        return self.log(number).count("clock stepped")
