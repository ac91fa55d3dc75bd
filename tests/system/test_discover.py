# SPDX-License-Identifier: BSD-3-Clause
"""timesync discover, among several hosts on one network."""

import json
import os
import re
import signal
import sys
import time
import unittest

import processes
from harness import SystemTest, ns, program, tool
from hosts import make_network
from test_schema import SchemaTest

QUICK = "--wait=500ms"
CUT_SHORT = "which of them answer indirect calls is unknown: that question was cut short"

# Answers each broadcast to rpcbind as it is told to.
HOSTILE = """
import socket, struct, sys, time
what, address = sys.argv[1:]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
udp.bind(("0.0.0.0", 111))
print("ready", flush=True)
while True:
    call, client = udp.recvfrom(65536)
    xid, version, proc = struct.unpack_from(">I12xII", call[:24])
    accepted = struct.pack(">IIIIII", xid, 1, 0, 0, 0, 0)
    if what == "crash" and version == 3:
        udp.sendto(accepted + struct.pack(">I", 8000) + b"1" * 8000 + bytes(4), client)
    elif what == "hold" and version == 3:
        for _ in range(100):
            udp.sendto(struct.pack(">IIIII", xid, 1, 1, 1, 1), client)
            time.sleep(0.05)
    elif what == "stranger" and version == 3:
        udp.sendto(accepted + struct.pack(">I", 14) + b"10.9.0.250.1.1" + bytes(2 + 4), client)
    elif what == "nonsense":
        for size in (0, 3, 4, 27, 28, 29, 1400):
            udp.sendto((accepted + b"\\377" * 1400)[:size], client)
        for wrong in range(6):
            words = [xid, 1, 0, 0, 0, 0, 4242]
            words[wrong] ^= 0x10000
            udp.sendto(struct.pack(">7I", *words), client)
        udp.sendto(accepted + struct.pack(">I", 65536 + 4242), client)
"""


class NetworkTest(SystemTest):
    def servers(self, client, *args, status=0, environment=None):
        """address -> what discover prints of that server."""
        result = client.timesync("discover", "--json", *(args or [QUICK]), environment=environment)
        self.assertEqual(result.status, status, result)
        found = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([s["address"] for s in found], sorted({s["address"] for s in found}))
        return {server["address"]: server for server in found}

    def assert_measured(self, server, daemon, truth_ns=0):
        self.assertEqual(server["port"], daemon.port)
        self.assertEqual(server["version"], 1)
        self.assertGreater(ns(server["delay_s"]), 0)
        self.assert_within_bound(server, truth_ns)


class FoundTest(NetworkTest):
    def test_all_servers_are_found_and_measured(self):
        client, one, other, empty, silent = make_network(self, 5)
        one.start_rpcbind("-r")
        other.start_rpcbind("-r")
        empty.start_rpcbind("-r")
        silent.start_rpcbind()
        daemons = {one: one.start_daemon(), silent: silent.start_daemon(),
                   other: other.start_daemon("-c", self.make_clock("2.5s"))}
        servers = self.servers(client)
        self.assertEqual(set(servers), {host.address for host in daemons})
        for host, daemon in daemons.items():
            self.assert_measured(servers[host.address], daemon,
                                 2_500_000_000 if host is other else 0)
            self.assertEqual(servers[host.address]["indirect"], host is not silent)
            self.assertEqual(servers[host.address]["server"]["sync"], "unsynchronised")

        result = client.timesync("discover", QUICK)
        self.assertEqual((result.status, result.stderr), (0, ""))
        for host, daemon in daemons.items():
            offset = r"2\.(?:5000|4999)\d\d s slow" if host is other else r"\S+ [num]s (slow|fast)"
            self.assertRegex(result.stdout, rf"{host.address}:{daemon.port} +1  {offset}, "
                                            r"\+/- \S+ [um]s, delay \S+ [um]s\n")
        self.assertIn("found    3 servers; 4 rpcbinds answered on 1 network\n", result.stdout)
        self.assertIn("of 1 of them do not answer indirect calls (rpcbind -r does)",
                      result.stdout)

    def test_networks_without_a_broadcast_address(self):
        """As 'ip addr add' leaves them: more than a few, each is asked."""
        client, host = make_network(self, 2)
        ip = tool("ip")
        for interface, address in ([("eth0", "10.9.0.{}/24")]
                                   + [("eth0", f"10.8.{n}.{{}}/24") for n in range(10, 30)]):
            for each, number in (client, 1), (host, 2):
                local = address.format(number)
                each.run(ip, "addr", "del", local, "dev", interface)
                self.assertEqual(each.run(ip, "addr", "add", local, "dev", interface).status, 0)
        host.start_rpcbind("-r")
        daemon = host.start_daemon()
        servers = self.servers(client)
        self.assertEqual(set(servers), {"10.9.0.2", *(f"10.8.{n}.2" for n in range(10, 30))})
        self.assert_measured(servers["10.8.29.2"], daemon)
        self.assertIsNone(servers["10.8.29.2"]["indirect"])

    def test_against_a_clock_file(self):
        client, host = make_network(self, 2)
        host.start_rpcbind()
        daemon = host.start_daemon()
        clock = self.make_clock("-1h")
        for args, environment in ([QUICK, "-c", clock], {}), ([QUICK], {"TIMESYNC_CLOCK": clock}):
            server = self.servers(client, *args, environment=environment)[host.address]
            self.assert_measured(server, daemon, 3600 * 10**9)

    def test_the_host_itself_is_found_too(self):
        (host,) = make_network(self, 1)
        host.start_rpcbind("-r")
        daemon = host.start_daemon()
        self.assert_measured(self.servers(host)[host.address], daemon)

    def test_names(self):
        client, host = make_network(self, 2)
        host.start_rpcbind()
        host.start_daemon()
        self.assertIsNone(self.servers(client)[host.address]["host"])
        hosts = self.path("hosts")
        with open(hosts, "w", encoding="ascii") as file:
            file.write(f"{host.address} alpha.example\n")
        self.assertEqual(client.run(tool("mount"), "--bind", hosts, "/etc/hosts").status, 0)
        self.assertEqual(self.servers(client)[host.address]["host"], "alpha.example")
        self.assertRegex(client.timesync("discover", QUICK).stdout,
                         rf"\nalpha\.example +{host.address}:")

    def test_a_server_that_hangs_does_not_hide_the_others(self):
        client, good, bad = make_network(self, 3)
        for host in good, bad:
            host.start_rpcbind()
        daemon, hung = good.start_daemon(), bad.start_daemon()
        port = hung.port
        hung.send_all(signal.SIGSTOP)
        began = time.monotonic()
        servers = self.servers(client, QUICK, "--timeout=100ms")
        self.assert_within(5, began)
        self.assert_measured(servers[good.address], daemon)
        self.assertEqual(servers[bad.address]["port"], port)
        self.assertIn("timed out", servers[bad.address]["error"])
        self.assertEqual(servers[bad.address]["rounds"]["received"], 0)
        daemon.stop()
        self.wait_until(lambda: good.address not in self.servers(
            client, QUICK, "--timeout=100ms", status=1), "only the other is left", daemon)
        hung.send_all(signal.SIGCONT)


class DiscoverSchemaTest(SchemaTest):
    """Its JSON is what docs/schema/ says."""

    client = None

    def timesync(self, *args, environment=None):
        return (self.client or super()).timesync(*args, environment=environment)

    def test_servers(self):
        self.client, good, bad = make_network(self, 3)
        good.start_rpcbind("-r")
        good.start_daemon()
        bad.start_rpcbind()
        hung = bad.start_daemon()
        hung.send_all(signal.SIGSTOP)
        lines = self.check("discover", QUICK, "--timeout=100ms")
        self.assertEqual(["error" in line for line in lines], [False, True])
        hung.send_all(signal.SIGCONT)

    def test_none(self):
        self.check("discover", status=1)


class NothingTest(NetworkTest):
    """Exit status 1, and the reason."""

    def assert_says(self, host, *words, args=(QUICK,)):
        result = host.timesync("discover", *args)
        self.assertEqual((result.status, result.stdout), (1, ""), result)
        for word in words:
            self.assertIn(word, result.stderr)
        error = host.timesync("discover", "--json", *args)
        self.assertEqual(error.status, 1, error)
        self.assertEqual(f"timesync discover: {error.json['error']}\n", result.stderr)

    def test_no_network(self):
        result = self.timesync("discover")
        self.assertEqual((result.status, result.stdout), (1, ""))
        self.assertIn("no network with broadcast", result.stderr)

    def test_a_network_that_is_down(self):
        client, _other = make_network(self, 2)
        self.assertEqual(client.run(tool("ip"), "link", "set", "eth0", "down").status, 0)
        self.assert_says(client, "no network with broadcast")

    def test_a_broadcast_that_is_not_allowed(self):
        client, _other = make_network(self, 2)
        route = ["route", "replace", "prohibit", "10.9.0.255", "table", "local"]
        client.run(tool("ip"), "route", "del", "table", "local", "broadcast", "10.9.0.255")
        self.assertEqual(client.run(tool("ip"), *route).status, 0)
        self.assert_says(client, "cannot broadcast: ")

    def test_no_rpcbind(self):
        client, _other = make_network(self, 2)
        began = time.monotonic()
        self.assert_says(client, "no answer within 500 ms", "no rpcbind", "rpcbind -r")
        self.assert_within(5, began)

    def test_rpcbinds_without_a_server(self):
        client, one, other = make_network(self, 3)
        one.start_rpcbind("-r")
        other.start_rpcbind()
        self.assert_says(client, "the rpcbinds that answered (2)", "542397273", "start timesyncd")

    def test_usage(self):
        for args in (["10.9.0.1"], ["-4"], ["--wait", "0"], ["--wait=never"], ["--rounds=2"]):
            result = self.timesync("discover", *args)
            self.assertEqual(result.status, 2, args)
            self.assertIn(re.sub("^-+", "", args[0]).split("=")[0], result.stderr)


class HostileTest(NetworkTest):
    """Any host that hears a broadcast can answer it with anything."""

    def setUp(self):
        super().setUp()
        self.client, self.good, self.bad = make_network(self, 3)
        self.good.start_rpcbind("-r")
        self.daemon = self.good.start_daemon()

    def start_hostile(self, what):
        process = self.bad.start([sys.executable, "-c", HOSTILE, what, self.bad.address])
        self.wait_until(lambda: process.stdout, "the hostile host listens", process)

    def test_an_answer_that_crashes_libtirpc(self):
        """The question that goes through it is lost; nothing else is."""
        self.start_hostile("crash")
        # The process that crashes was made to be lost, and says nothing on stderr: a sanitizer's
        # report on it goes there. One on its parent would too, and its status would say so.
        where = ":handle_segv=0:log_path=stderr"
        environment = {name: os.environ.get(name, "") + where
                       for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")}  # clang's takes both
        for _ in range(3):
            servers = self.servers(self.client, QUICK, environment=environment)
            self.assertEqual(set(servers), {self.good.address})
            self.assert_measured(servers[self.good.address], self.daemon)
        result = self.client.timesync("discover", QUICK, environment=environment)
        self.assertIn(CUT_SHORT, result.stdout)  # that is, there was a crash

    def test_answers_that_hold_libtirpc_up(self):
        self.start_hostile("hold")
        began = time.monotonic()
        result = self.client.timesync("discover", QUICK)
        self.assert_within(4, began)
        self.assertEqual(result.status, 0, result)
        self.assertIn(f"{self.good.address}:{self.daemon.port}", result.stdout)
        self.assertIn(CUT_SHORT, result.stdout)

    def test_who_is_broken_has_no_rights(self):
        self.start_hostile("hold")
        discover = self.client.start([program("timesync"), "discover", "--wait=2s"])
        self.wait_until(lambda: "65534" in self.users_of_children(discover.pid),
                        "a process of nobody's", discover)
        self.assertEqual(discover.wait(), 0, discover.stderr)

    @staticmethod
    def users_of_children(pid):
        """The user of a process's children, with all four ids the same."""
        users = set()
        for child in processes.look(pid, f"task/{pid}/children").split():
            for ids in re.findall(rb"^Uid:\t(.*)", processes.look(int(child), "status"), re.M):
                if len(set(ids.split())) == 1:
                    users.add(ids.split()[0].decode())
        return users

    def test_a_host_that_somebody_else_names(self):
        self.start_hostile("stranger")
        servers = self.servers(self.client)
        self.assertEqual(set(servers), {self.good.address})

    def test_answers_that_are_none(self):
        self.start_hostile("nonsense")
        servers = self.servers(self.client)
        self.assertEqual(set(servers), {self.good.address})


if __name__ == "__main__":
    unittest.main()
