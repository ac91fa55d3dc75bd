# SPDX-License-Identifier: BSD-3-Clause
"""What docs/administration.md gives to other programs, these can read: nft, chronyd."""

import re
import subprocess
from pathlib import Path

from harness import SystemTest, tool
from test_track_chrony import chrony

ROOT = Path(__file__).resolve().parent.parent.parent
ADMINISTRATION = ROOT / "docs/administration.md"
CONFIGURATIONS = sorted((ROOT / "dist/chrony").glob("*.conf"))


class FirewallTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.load, "flush ruleset")

    def load(self, rules):
        done = subprocess.run([tool("nft"), "-f", "-"], input=rules, capture_output=True, text=True,
                              timeout=20, check=False)
        return done.returncode, done.stderr

    def rules(self):
        text = ADMINISTRATION.read_text(encoding="utf-8")
        block = re.search(r"((?:    .*\n|\n)*    table inet timesync \{\n(?:    .*\n)+)", text)[1]
        return re.sub(r"^    ", "", block, flags=re.M)

    def test_nft_takes_the_rules(self):
        self.assertEqual(self.load(self.rules()), (0, ""))
        self.assertNotEqual(self.load(self.rules().replace("dport", "dprot"))[0], 0)

    def test_they_let_clients_in_and_no_others(self):
        """Those of 127.0.0.0/8 stand for the network of the document."""
        daemon = self.start_lone_daemon("--port", "5542")
        self.assertEqual(daemon.port, 5542)
        self.assertEqual(self.timesync("query", "127.0.0.1:5542").status, 0)
        rules = self.rules().replace("192.0.2.0/24", "127.0.0.2")
        self.assertIn("127.0.0.2", rules)
        self.assertEqual(self.load(rules), (0, ""))
        self.assertEqual(self.timesync("query", "--rounds", "1", "127.0.0.1:5542").status, 1)
        self.assertEqual(self.load("delete table inet timesync\n" + rules.replace(
            "127.0.0.2", "127.0.0.0/8")), (0, ""))
        self.assertEqual(self.timesync("query", "127.0.0.1:5542").status, 0)


class TiersTest(SystemTest):
    def read(self, path):
        """chronyd prints what it has read, and sets nothing."""
        done = subprocess.run([chrony("chronyd"), "-p", "-f", path], capture_output=True, text=True,
                              timeout=20, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_chronyd_takes_the_configurations(self):
        self.assertEqual([p.name for p in CONFIGURATIONS], ["client.conf", "tier1.conf",
                                                            "tier2.conf"])
        for path in CONFIGURATIONS:
            with self.subTest(path.name):
                status, said = self.read(path)
                self.assertEqual(status, 0, said)
                lines = path.read_text(encoding="utf-8").splitlines()
                for line in lines:
                    if line and not line.startswith("#"):
                        self.assertIn(line, said)

    def test_a_mistake_would_be_seen(self):
        spoiled = Path(self.path("spoiled.conf"))
        text = CONFIGURATIONS[0].read_text(encoding="utf-8")
        spoiled.write_text(text.replace("maxsources", "maxsuorces"), encoding="utf-8")
        self.assertNotEqual(self.read(spoiled)[0], 0)

    def test_the_names_fit_together(self):
        """What a tier asks is what the tier above it serves."""
        tier1, tier2 = ((ROOT / f"dist/chrony/tier{n}.conf").read_text(encoding="utf-8")
                        for n in (1, 2))
        self.assertRegex(tier1, r"(?m)^refclock SOCK /run/chrony/timesync\.sock ")
        self.assertIn("--chrony-sock /run/chrony/timesync.sock", tier1)
        self.assertEqual(len(re.findall(r"(?m)^server tier1-[abc]\.", tier2)), 3)
        for text in (tier1, tier2):
            self.assertRegex(text, r"(?m)^allow ")
