# SPDX-License-Identifier: BSD-3-Clause
"""timesync-exporter: what it tells Prometheus, the board and the alerts that go with it, and clients
that are slow, many or wrong."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from harness import Process, SystemTest, host_port, program

ROOT = Path(__file__).resolve().parent.parent.parent
BOARD = ROOT / "dist/grafana/timesync.json"
ALERTS = ROOT / "dist/prometheus/timesync.rules.yml"
PAGE = ROOT / "man/timesync-exporter.8"
NAME = r"timesync_[a-z_]+"
SAMPLE = re.compile(rf'({NAME})\{{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\}} (-?\d+(?:\.\d+)?)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
NOWHERE = "127.0.0.1:1"
SCRAPE_S = 2  # as the manual states
CONNECTIONS = 64  # as exporter/http.c has them


class Exporter(Process):
    @property
    def port(self):
        found = re.search(r"serving http://(?:127\.0\.0\.1|\[::1\]):(\d+)/metrics", self.stderr)
        return found and int(found[1])


def parse(text):
    """{(name, ((label, value), ...)): value}, {name: type} of the exposition format, strictly."""
    samples, types, helps, current = {}, {}, set(), None
    assert text.endswith("\n")
    for line in text.splitlines():
        comment = re.fullmatch(rf"# (HELP|TYPE) ({NAME}) (.+)", line)
        if comment and comment[1] == "HELP":
            assert comment[2] not in helps, line
            helps.add(comment[2])
            continue
        if comment:
            assert comment[3] in ("gauge", "counter") and comment[2] in helps, line
            types[comment[2]] = comment[3]
            current = comment[2]
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample and sample[1] == current, line
        key = (sample[1], tuple(LABEL.findall(sample[2])))
        assert key not in samples, line
        samples[key] = float(sample[3])
    assert helps == set(types)
    return samples, types


class ExporterTest(SystemTest):
    def start_exporter(self, *args, listen="127.0.0.1:0"):
        # Port 0 is no port that a user could name: any free one is found here first.
        if listen.endswith(":0"):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                listen = f"127.0.0.1:{probe.getsockname()[1]}"
        exporter = self.start([program("timesync-exporter"), "--listen", listen, *args], Exporter)
        self.addCleanup(self.check_exporter, exporter)
        self.wait_until(lambda: exporter.port or exporter.status is not None, "it serves", exporter)
        return exporter

    def check_exporter(self, exporter):
        if exporter.status is None:
            exporter.stop()
        self.assertEqual(exporter.status, 0, exporter.stderr)

    def request(self, exporter, method="GET", path="/metrics", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=20)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response, response.read().decode()
        finally:
            connection.close()

    def metrics(self, exporter):
        response, text = self.request(exporter)
        self.assertEqual(response.status, 200, text)
        self.assertEqual(response.getheader("Content-Type"),
                         "text/plain; version=0.0.4; charset=utf-8")
        return parse(text)[0]

    def value(self, exporter, name, **labels):
        """Of the one series with these labels, and perhaps others; None if there is none."""
        found = [v for (n, pairs), v in self.metrics(exporter).items()
                 if n == name and labels.items() <= dict(pairs).items()]
        self.assertLessEqual(len(found), 1)
        return found[0] if found else None

    def start_group(self):
        """Two daemons that are a group and have corrected their clocks: their sockets."""
        ports = (7001, 7002)
        members = [word for port in ports for word in ("--member", f"127.0.0.1:{port}")]
        paths = [self.path(f"member{port}") for port in ports]
        for port, path in zip(ports, paths):
            self.start_lone_daemon(
                "-c", self.make_clock(f"{port}us", name=f"clock{port}"), "--socket", path,
                "--group", "island", "--insecure-lab", "--group-port", str(port), *members,
                "--lease", "1s", "--cycle", "250ms")
        for path in paths:
            self.wait_until(lambda: self.timesync("group", "status", "--json", "--socket",
                                                  path).json["corrected_ago_s"] is not None,
                            "a correction")
        return paths


class MetricsTest(ExporterTest):
    def tracking(self):
        return self.timesync_json("status", "--socket", self.path("follower"))["tracking"]

    def start_all(self):
        """Of a server, of a follower of it and of nobody, of a group, and of a clock that is kept."""
        members = self.start_group()
        server = self.start_lone_daemon("--local", "1ms", "--socket", self.path("server"))
        second = self.start_lone_daemon("--local", "1ms")
        self.upstream = host_port(server.addresses["udp"])
        self.start_lone_daemon("-c", self.make_clock("-2ms", name="follower's"), "-i", "250ms",
                               *[word for host in (self.upstream, host_port(second.addresses["udp"]),
                                                   NOWHERE, self.upstream)
                                 for word in ("--upstream", host)],
                               "--socket", self.path("follower"))
        clock = self.make_clock("30ms")
        tracker = self.start([program("timesync"), "track", "-c", clock, "-i", "250ms",
                              self.upstream], Process)
        self.addCleanup(tracker.stop)
        self.wait_until(lambda: self.timesync("wait", "-c", clock, "--timeout", "5s").status == 0,
                        "the clock is kept", tracker)
        self.wait_until(lambda: self.tracking()["polls"] > 8, "the other one is kept")
        sockets = [word for path in (self.path("server"), self.path("follower"), *members)
                   for word in ("--socket", path)]
        return self.start_exporter(*sockets, "--clock", clock), clock

    def test_what_is_told(self):
        """In one test, as it takes long to start all."""
        exporter, clock = self.start_all()
        for check in (self.check_names, self.check_labels, self.check_values, self.check_follower):
            with self.subTest(check.__name__):
                check(exporter, clock)

    def check_names(self, exporter, _clock):
        """The manual, the board and the alerts name what there is, and all of it is explained and
        shown.
        """
        told = {name for name, _ in self.metrics(exporter)}
        page = set(re.findall(rf"^\.It Va ({NAME})$", PAGE.read_text(encoding="utf-8"), re.M))
        self.assertEqual(page, told)
        board = json.loads(BOARD.read_text(encoding="utf-8"))
        queries = [target["expr"] for panel in board["panels"]
                   for target in panel.get("targets", [])]
        queries += [v["query"] for v in board["templating"]["list"]]
        self.assertEqual(set(re.findall(NAME, " ".join(queries))), told)
        self.assertLessEqual(set(re.findall(NAME, ALERTS.read_text(encoding="utf-8"))) -
                             {"timesync_rules"}, told)

    def check_labels(self, exporter, _clock):
        """Those of the board and the alerts."""
        labels = {}
        for name, pairs in self.metrics(exporter):
            for label, value in pairs:
                labels.setdefault((name, label), set()).add(value)
        text = BOARD.read_text(encoding="utf-8").replace('\\"', '"') + ALERTS.read_text(
            encoding="utf-8")
        chosen = re.findall(rf'({NAME})\{{([^}}]*)\}}', text)
        self.assertGreater(len(chosen), 20)
        for name, selectors in chosen:
            for label, operator, value in re.findall(r'([a-z]+)(=~?)"([^"]*)"', selectors):
                if operator == "=":
                    self.assertIn(value, labels[name, label])

    def check_values(self, exporter, clock):
        server, members = self.path("server"), [self.path("member7001"), self.path("member7002")]
        status = self.timesync_json("status", "--socket", server)
        value = self.value
        self.assertEqual(value(exporter, "timesync_server_up", socket=server), 1)
        self.assertEqual(value(exporter, "timesync_server_workers", socket=server), 1)
        calls = value(exporter, "timesync_server_calls_total", socket=server, transport="udp",
                      procedure="get_timestamps")
        self.assertGreaterEqual(calls, status["udp_get_timestamps"])
        self.assertGreater(calls, 0)
        self.assertGreater(value(exporter, "timesync_server_uptime_seconds", socket=server), 0)
        self.assertIsNone(value(exporter, "timesync_group_up", socket=server))
        self.assertEqual(value(exporter, "timesync_clock_state", state="synchronised"), 1)
        self.assertEqual(value(exporter, "timesync_clock_state", state="unknown"), 0)
        error = value(exporter, "timesync_clock_error_bound_seconds", clock=clock)
        self.assertLess(0.001, error)
        self.assertLessEqual(abs(value(exporter, "timesync_clock_ahead_seconds")), error)
        self.assertEqual(sorted(value(exporter, "timesync_group_leads", socket=member)
                                for member in members), [0, 1])
        for member in members:
            for name, expected in (("up", 1), ("has_leader", 1), ("members", 2),
                                   ("members_answering", 2), ("members_needed", 2)):
                self.assertEqual(value(exporter, f"timesync_group_{name}", socket=member),
                                 expected, name)
            self.assertEqual(value(exporter, "timesync_group_health", state="lost", group="island",
                                   socket=member), 0)
            self.assertGreater(value(exporter, "timesync_group_corrections_total", socket=member), 0)
        self.assertLess(value(exporter, "timesync_group_spread_seconds"), 0.1)

    def check_follower(self, exporter, _clock):
        before, path = self.tracking(), self.path("follower")
        samples = self.metrics(exporter)
        after = self.tracking()

        def value(name, **labels):
            return samples.get((f"timesync_tracking_{name}", (("socket", path), *labels.items())))
        self.assertLessEqual(before["polls"], value("polls_total"))
        self.assertLessEqual(value("polls_total"), after["polls"])
        states = [state for state in ("starting", "synchronised", "correcting", "holding-over",
                                      "refused") if value("state", state=state)]
        self.assertEqual(states, [before["phase"]])
        self.assertEqual((value("servers_voting"), value("servers_agreeing")), (3, 2))
        self.assertLess(value("last_poll_age_seconds"), 3)
        self.assertGreater(value("poll_interval_seconds"), 0.2)
        self.assertAlmostEqual(value("offset_seconds"), 0, delta=0.003)
        self.assertGreater(value("error_bound_seconds"), 0)
        self.assertGreaterEqual(value("reference_error_bound_seconds"), 0.001)
        self.assertGreater(value("served_error_bound_seconds"),
                           value("reference_error_bound_seconds"))
        self.assertLess(abs(value("rate_ratio")), 1e-3)
        self.assertGreater(value("skew_ratio"), 0)
        self.assertLess(abs(value("frequency_correction_ratio")), 1e-3)
        self.assertLess(abs(value("slew_ratio")), 0.1)
        self.assertEqual(value("server_reach_ratio", server=self.upstream), 1)
        self.assertEqual(value("server_reach_ratio", server=NOWHERE), 0)
        self.assertAlmostEqual(value("server_offset_seconds", server=self.upstream), 0, delta=0.003)
        self.assertGreater(value("server_error_bound_seconds", server=self.upstream), 0)
        self.assertIsNone(value("server_offset_seconds", server=NOWHERE))
        self.assertEqual(value("server_verdict", server=NOWHERE, verdict="unmeasured"), 1)
        self.assertEqual(value("server_verdict", server=self.upstream, verdict="truechimer"), 1)
        self.assertEqual(value("server_verdict", server=self.upstream, verdict="ahead"), 0)

    def test_authenticated_calls(self):
        key, path = self.path("key"), self.path("socket")
        self.assertEqual(self.timesync("keygen", key).status, 0)
        server = self.start_lone_daemon("--key", key, "--socket", path)
        exporter = self.start_exporter("--socket", path, "--socket", path)
        self.timesync_json("query", "-n3", "--key", key, host_port(server.addresses["udp"]))
        self.timesync_json("query", "-n3", host_port(server.addresses["udp"]))
        counted = self.value(exporter, "timesync_server_calls_authenticated_total", socket=path)
        self.assertEqual(counted, self.timesync_json("status", "--socket", path)["authenticated"])
        self.assertGreaterEqual(counted, 3)
        self.assertLess(counted, sum(
            value for (name, _), value in self.metrics(exporter).items()
            if name == "timesync_server_calls_total"))

    def test_a_daemon_that_is_down(self):
        path = self.path("none")
        exporter = self.start_exporter("--socket", path)
        self.wait_until(lambda: "no answer from a timesyncd at" in exporter.stderr, "it says so",
                        exporter)
        samples = self.metrics(exporter)
        self.assertEqual({name for name, _ in samples},
                         {"timesync_exporter_info", "timesync_server_up",
                          "timesync_clock_published", "timesync_clock_state"})
        self.assertEqual(self.value(exporter, "timesync_server_up"), 0)
        self.assertEqual(self.value(exporter, "timesync_clock_published"), 0)
        self.assertEqual(self.value(exporter, "timesync_clock_state", state="unknown"), 1)
        self.start_lone_daemon("--socket", path)
        self.assertEqual(self.value(exporter, "timesync_server_up"), 1)

    def test_daemons_that_hang(self):
        """However many of them: those that answer are told of, and no scrape waits for longer."""
        paths = [self.path(f"socket{i}") for i in range(8)]
        daemons = [self.start_lone_daemon("--socket", path) for path in paths]
        members = self.start_group()
        exporter = self.start_exporter(*[word for path in (*paths, *members)
                                         for word in ("--socket", path)])
        for daemon in daemons[1:]:
            daemon.send_all(signal.SIGSTOP)
        began = time.monotonic()
        samples = self.metrics(exporter)
        self.assert_within(SCRAPE_S + 1, began)
        up = {dict(pairs)["socket"]: value for (name, pairs), value in samples.items()
              if name == "timesync_server_up"}
        self.assertEqual(up, {path: int(path in (paths[0], *members))
                              for path in (*paths, *members)})
        self.assertEqual(sum(value for (name, _), value in samples.items()
                             if name == "timesync_group_up"), 2)
        for daemon in daemons[1:]:
            daemon.send_all(signal.SIGCONT)
        self.wait_until(lambda: sum(value for (name, _), value in self.metrics(exporter).items()
                                    if name == "timesync_server_up") == len(up), "all answer")

    def test_the_usual_places(self):
        """Those of the server and of the units of groups, without being told."""
        self.start_lone_daemon()
        os.mkdir("/run/timesyncd-group-island")
        self.start_lone_daemon("--socket", "/run/timesyncd-group-island/socket")
        exporter = self.start_exporter()
        for path in "/run/timesyncd/socket", "/run/timesyncd-group-island/socket":
            self.assertEqual(self.value(exporter, "timesync_server_up", socket=path), 1)

    def test_names_with_any_octets(self):
        path = os.path.join(self.path("a\"b\\c\nd"), "x")
        exporter = self.start_exporter("--socket", path)
        (pairs,) = [p for n, p in self.metrics(exporter) if n == "timesync_server_up"]
        self.assertIn(r"a\"b\\c?d", dict(pairs)["socket"])


class HttpTest(ExporterTest):
    def test_paths_and_methods(self):
        exporter = self.start_exporter()
        for method, path, status in (("GET", "/", 200), ("GET", "/metrics?x=y", 200),
                                     ("GET", "/metric", 404), ("GET", "/metrics/", 404),
                                     ("GET", "/../etc/passwd", 404), ("HEAD", "/metrics", 200),
                                     ("POST", "/metrics", 405), ("PUT", "/metrics", 405),
                                     ("DELETE", "/", 405), ("OPTIONS", "/metrics", 405)):
            with self.subTest(method=method, path=path):
                response, text = self.request(exporter, method, path,
                                              "x=y" if method in ("POST", "PUT") else None)
                self.assertEqual(response.status, status, text)
                self.assertEqual(text == "", method == "HEAD")
                if status == 405:
                    self.assertEqual(response.getheader("Allow"), "GET, HEAD")
                elif status == 404:
                    self.assertIn("/metrics", text)

    def connect(self, exporter, sent=b""):
        client = socket.create_connection(("127.0.0.1", exporter.port), timeout=20)
        self.addCleanup(client.close)
        client.sendall(sent)
        return client

    def test_what_is_no_request(self):
        exporter = self.start_exporter()
        for sent in (b"\0" * 100, b"GET\r\n\r\n", b"GET /metrics HTTP/9.9\r\n\r\n",
                     b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", b"A" * 100000,
                     b"GET /metrics HTTP/1.1\r\n" + b"X: y\r\n" * 20000):
            client = socket.create_connection(("127.0.0.1", exporter.port), timeout=20)
            try:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
            except OSError:
                pass  # cut off in the middle of it
            client.close()
        self.assertEqual(self.value(exporter, "timesync_exporter_info"), 1)

    def test_slow_clients(self):
        """They do not delay others, and are not waited for for ever, however they keep busy."""
        exporter = self.start_exporter()
        clients = [self.connect(exporter, b"GET /metr") for _ in range(CONNECTIONS - 1)]
        began = time.monotonic()
        self.metrics(exporter)
        self.assert_within(3, began)
        left = set(clients)
        while left:
            self.assert_within(15, began, f"{len(left)} are still served")
            time.sleep(0.5)
            for client in list(left):
                try:
                    client.send(b"i")
                    client.setblocking(False)
                    if not client.recv(100):
                        left.discard(client)
                except BlockingIOError:
                    client.setblocking(True)
                except OSError:
                    left.discard(client)
        self.metrics(exporter)

    def test_many_connections(self):
        """Far more than it serves at a time, that say nothing: whoever asks does not wait for them."""
        exporter = self.start_exporter()
        clients = []
        for _ in range(CONNECTIONS * 5):
            client = socket.socket()
            self.addCleanup(client.close)
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", exporter.port))
            clients.append(client)
        began = time.monotonic()
        self.metrics(exporter)
        self.metrics(exporter)
        self.assert_within(4, began)
        self.assertLess(len(os.listdir(f"/proc/{exporter.pid}/fd")), 2 * CONNECTIONS + 20)

    def test_a_client_who_does_not_read(self):
        exporter = self.start_exporter()
        for _ in range(10):
            self.connect(exporter, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        self.metrics(exporter)

    def test_another_port_or_address(self):
        exporter = self.start_exporter(listen="[::1]:9999")
        self.assertEqual(exporter.port, 9999)
        other = self.start([program("timesync-exporter"), "--listen", "[::1]:9999"], Process)
        self.assertEqual(other.wait(), 1)
        self.assertIn("cannot listen at [::1]:9999: Address already in use", other.stderr)
        for wrong in ("localhost", "1.2.3.4:0", "1.2.3.4:x", ""):
            done = subprocess.run([program("timesync-exporter"), "--listen", wrong],
                                  capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertIn("--listen", done.stderr)

    def test_by_default_only_this_machine_can_ask(self):
        exporter = self.start([program("timesync-exporter")], Exporter)
        self.addCleanup(self.check_exporter, exporter)
        self.wait_until(lambda: exporter.port, "it serves", exporter)
        self.assertEqual(exporter.port, 9542)
        self.assertIn("http://127.0.0.1:9542/metrics", exporter.stderr)
