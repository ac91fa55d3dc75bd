# SPDX-License-Identifier: BSD-3-Clause
"""timesync-lab live: what its page's server gives, to whom, and that everything ends with it.

tests/browser looks at the page itself.
"""

import http.client
import json
import os
import re
import signal
import socket
import unittest
from pathlib import Path
from urllib.parse import urlsplit

from harness import SystemTest, program
from labrun import lab, running

PAIR = """
title = "Two"
question = "q"
duration = "2s"
[[node]]
name = "s"
role = "server"
[[node]]
name = "c"
role = "client"
clock = "-2s"
[[link]]
between = "*"
delay = "2ms"
[[event]]
at = "1s"
do = "step"
node = "c"
by = "5s"
"""


class LiveCase(SystemTest):
    def setUp(self):
        super().setUp()
        self.tmp, scenario = self.path("tmp"), self.path("pair.toml")
        os.mkdir(self.tmp)
        # Whatever ends it, its guard then removes what is there: not at the same time as the test.
        self.addCleanup(self.wait_until, lambda: not os.listdir(self.tmp), "it is gone")
        Path(scenario).write_text(PAIR, encoding="utf-8")
        self.live = self.start(["env", f"TMPDIR={self.tmp}", program("timesync-lab"), "live",
                                scenario, *self.options()])
        found = self.wait_until(lambda: re.search(r"http://\S+/", self.live.stdout),
                                "the address is printed", self.live)
        address = urlsplit(found[0])
        self.port, self.base = address.port, address.path
        self.assertEqual(address.hostname, "127.0.0.1")

    def options(self):
        return []

    def request(self, method, path, content=None, host=None, **headers):
        """(status, headers, body) of a request; `host` replaces the right one."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        body = None if content is None else json.dumps(content)
        connection.request(method, path, body,
                           {"Host": host or f"127.0.0.1:{self.port}", **headers})
        answer = connection.getresponse()
        result = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return result

    def get(self, name):
        status, _, body = self.request("GET", self.base + name)
        self.assertEqual(status, 200, body)
        return json.loads(body)

    def do(self, content, status=200):
        got, _, body = self.request("POST", self.base + "do", content)
        self.assertEqual(got, status, body)
        return json.loads(body)

    def node(self, name):
        return next(n for n in self.get("state")["nodes"] if n["name"] == name)

    def check_ended(self):
        self.wait_until(lambda: not running(), "all has ended", self.live)
        self.wait_until(lambda: not os.listdir(self.tmp), "the directory is gone", self.live)


class RefusalTest(LiveCase):
    def test_who_is_refused(self):
        wrong = self.base.replace(self.base[1:5], "XXXX")
        for status, method, path, host, headers in (
                (404, "GET", "/", None, {}),
                (404, "GET", "/state", None, {}),
                (404, "GET", wrong, None, {}),
                (404, "POST", wrong + "do", None, {}),
                (404, "GET", self.base + "../cli.py", None, {}),
                (404, "GET", self.base + "live.py", None, {}),
                (404, "POST", self.base + "state", None, {}),
                (421, "GET", self.base, f"evil.example:{self.port}", {}),
                (421, "GET", self.base, "127.0.0.1", {}),
                (421, "GET", self.base, f"127.0.0.1:{self.port + 1}", {}),
                (403, "GET", self.base + "state", None, {"Origin": "http://evil.example"}),
                (403, "POST", self.base + "do", None, {"Origin": "null"}),
                (501, "PUT", self.base + "do", None, {}),
        ):
            with self.subTest(status=status, method=method, path=path, host=host):
                got, sent, body = self.request(method, path, host=host, **headers)
                self.assertEqual(got, status)
                self.assertNotIn(self.base[1:-1].encode(), body)
                self.assertNotIn("Access-Control-Allow-Origin", sent)
        self.assertEqual(self.request("GET", self.base)[0], 200)

    def test_it_listens_on_127_0_0_1_only(self):
        with open("/proc/net/tcp", encoding="ascii") as table:
            places = [line.split()[1] for line in table if line.split()[3] == "0A"]
        self.assertIn(f"0100007F:{self.port:04X}", places)
        self.assertEqual([p for p in places if p.endswith(f":{self.port:04X}")],
                         [f"0100007F:{self.port:04X}"])

    def test_what_a_page_may_load(self):
        for name in ("", "live.js", "live.css", "colours.css", "state"):
            _, headers, _ = self.request("GET", self.base + name)
            policy = headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'", policy)
            self.assertNotIn("http", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(headers["Cache-Control"], "no-store")

    def test_bad_requests_change_nothing(self):
        before = self.node("c")["error"]
        for content, words in (
                ([{"do": "explode"}], "explode"), ([{"do": "step", "node": "x", "by": "1s"}], "'x'"),
                ([{"do": "step", "node": "c", "by": "1e400s"}], "duration"),
                ([{"do": "step", "node": "c", "by": "99999999999h"}], "31 years"),
                ([{"do": "drift", "node": "c", "to": "nan"}], "100000"),
                ([{"do": "kill", "node": "c"}], "'c' is a client"),
                ([{"do": "thaw", "node": "s"}], "s is running"),
                ([{"do": "step", "node": "c", "by": "1s", "at": "1s"}], "unknown key 'at'"),
                ([{"do": "part", "sides": [["s"]]}], "two or more"),
                ([{"do": "link", "between": "*", "delay": "trace:/etc/passwd"}],
                 "'/etc/passwd'"),
                ([{"do": "step", "node": "c", "by": 10**400}], "smaller"),
                (True, "nothing to do"), ([1], "table"), (7, "nothing to do"), ({}, "nothing to do"),
                ("kill", "nothing to do")):
            with self.subTest(content):
                self.assertIn(words, self.do(content, status=409)["error"])
        for body in (b"{", b"[" * 60000, b"\xff"):
            with socket.create_connection(("127.0.0.1", self.port), timeout=20) as raw:
                raw.sendall(f"POST {self.base}do HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
                self.assertIn(b" 400 ", raw.recv(100))
        for content, words in (({"client": ["c"], "server": {}}, "client"), ([], "table"),
                               ({"client": "c"}, "'server' is missing"),
                               ({"client": "c", "server": "x"}, "another one"),
                               ({"client": "s", "server": "c"}, "serves no time")):
            with self.subTest(content):
                status, _, body = self.request("POST", self.base + "ask", content)
                self.assertEqual(status, 409, body)
                self.assertIn(words, json.loads(body)["error"])
        self.assertAlmostEqual(self.node("c")["error"], before, delta=0.01)

    def test_what_is_no_request_is_refused(self):
        for status, line, more in ((400, "GET http://[ HTTP/1.1", ""),
                                   (413, f"POST {self.base}do HTTP/1.1",
                                    f"Content-Length: {5000 * '9'}\r\n"),
                                   (411, f"POST {self.base}do HTTP/1.1", "")):
            with socket.create_connection(("127.0.0.1", self.port), timeout=20) as raw:
                raw.sendall(f"{line}\r\nHost: 127.0.0.1:{self.port}\r\n{more}\r\n".encode())
                self.assertIn(f" {status} ".encode(), raw.recv(100))

    def test_too_large_a_request(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as raw:
            raw.sendall(f"POST {self.base}do HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
                        "Content-Length: 999999999\r\n\r\n".encode())
            self.assertIn(b" 413 ", raw.recv(100))


    def test_strangers_do_not_keep_the_page_out(self):
        page = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        self.addCleanup(page.close)
        for _ in range(3):
            for _ in range(40):
                idle = socket.create_connection(("127.0.0.1", self.port), timeout=20)
                self.addCleanup(idle.close)
            page.request("GET", self.base + "state", headers={"Host": f"127.0.0.1:{self.port}"})
            self.assertEqual(page.getresponse().read()[:1], b"{")
            self.assertTrue(page.sock, "the connection is kept")
            self.assertEqual(self.request("GET", self.base)[0], 200)


class DoingTest(LiveCase):
    def options(self):
        return ["--out", self.path("out")]

    def test_what_is_done_is_done_to_real_clocks(self):
        self.assertEqual(self.get("about")["events"], ["step c +5.00 s"])
        self.assertAlmostEqual(self.node("c")["error"], -2, delta=0.01)
        self.assertEqual(self.do(0)["done"], ["step c by +5.00 s"])
        self.do([{"do": "drift", "node": "c", "to": 500}])
        self.do([{"do": "link", "from": "c", "to": "s", "delay": "12ms", "loss": 3},
                 {"do": "link", "from": "s", "to": "c", "delay": "normal:2ms,1ms"}])
        state = self.get("state")
        c = next(n for n in state["nodes"] if n["name"] == "c")
        self.assertAlmostEqual(c["error"], 3, delta=0.01)
        self.assertEqual(c["drift"], 500)
        (link,) = state["links"]
        self.assertEqual((link["a"], link["there"]["delay"], link["there"]["loss"]), ("c", 0.012, 3))
        self.assertEqual((link["back"]["delay"], link["back"]["jitter"]), (0.002, 0.001))
        self.assertEqual([e["what"].split()[0] for e in state["events"]],
                         ["step", "drift", "link", "link"])
        self.do([{"do": "kill", "node": "s"}])
        self.wait_until(lambda: self.node("s")["possible"] == ["restart"], "s is killed", self.live)
        self.do([{"do": "restart", "node": "s"}])
        self.wait_for_methods()
        self.assertEqual(self.live.stop(signal.SIGINT), 0, self.live.stderr)
        self.check_ended()
        report = Path(self.path("out/report.html")).read_text(encoding="utf-8")
        self.assertIn("step c by +5.00 s", report)

    def wait_for_methods(self):
        """The four methods see the asymmetry as an error, within their bounds."""
        def answered():
            last = self.get("state")["methods"]["last"]
            return last and last["at"] > since and last["methods"] and last
        since = self.get("state")["now"]
        last = self.wait_until(answered, "an answer", self.live)
        self.assertAlmostEqual(last["true_offset_s"], -3, delta=0.05)
        for method in last["methods"]:
            self.assertTrue(method["within_bound"], method)


class EndTest(LiveCase):
    def test_killed(self):
        self.live.stop(signal.SIGKILL)
        self.check_ended()

    def test_interrupted(self):
        self.assertEqual(self.live.stop(signal.SIGTERM), 0, self.live.stderr)
        self.check_ended()

    def test_ended_by_the_page(self):
        self.request("POST", self.base + "end", {})
        self.assertEqual(self.live.wait(), 0, self.live.stderr)
        self.check_ended()


class WrongTest(SystemTest):
    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = lab("live", "cristian", "--port", str(port))
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"port {port}", done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        for wrong in ("0x10", "-1", "65536"):
            done = lab("live", "cristian", "--port", wrong)
            self.assertEqual(done.returncode, 2)
            self.assertIn("--port", done.stderr)


if __name__ == "__main__":
    unittest.main()
