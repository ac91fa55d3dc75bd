# SPDX-License-Identifier: BSD-3-Clause
"""timesync report on logs that are large: it takes as long as they are, not as long as their square."""

import time
import unittest

from tracklog import Log, ReportTest

LIMIT_S = 20  # a tenth is enough


class LargeTest(ReportTest):
    def assert_soon(self, lines, n_servers):
        log = self.write("".join(line + "\n" for line in lines))
        begin = time.monotonic()
        report = self.timesync_json("report", log)
        self.assert_within(LIMIT_S, begin)
        self.assertEqual((report["polls"], report["damaged"]), (len(lines), 0))
        self.assertEqual(len(report["servers"]), n_servers)
        return report["servers"]

    @staticmethod
    def line(hosts):
        log = Log()
        log.measured(0, verdicts=[{"host": host, "port": 5542, "verdict": "truechimer"}
                                  for host in hosts])
        return log.lines[0]

    def test_many_servers_in_all(self):
        n = 60_000
        line = self.line(["host"])
        servers = self.assert_soon([line.replace('"host": "host"', f'"host": "h{i}"')
                                    for i in range(n)], n)
        self.assertEqual(servers[n - 1], {"host": f"h{n - 1}", "port": 5542, "polls": 1,
                                          "answered": 1, "outvoted": 0})

    def test_many_servers_in_a_line(self):
        n = 1000
        servers = self.assert_soon([self.line(f"h{i}" for i in range(n))] * 150, n)
        self.assertEqual({s["polls"] for s in servers}, {150})

    def test_one_name_many_times_in_a_line(self):
        n = 1000
        servers = self.assert_soon([self.line(["h"] * n)] * 150, n)
        self.assertEqual({(s["host"], s["polls"]) for s in servers}, {("h", 150)})

    def test_many_polls(self):
        line = self.line(["h"])
        (server,) = self.assert_soon([line] * 20_000, 1)
        self.assertEqual(server["polls"], 20_000)


if __name__ == "__main__":
    unittest.main()
