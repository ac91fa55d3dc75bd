# SPDX-License-Identifier: BSD-3-Clause
"""Shared by the tests of `timesync doctor`: names, false registrations, and its messages."""

import os
import socket
import struct
import subprocess

import rawrpc
from harness import DEADLINE_S, Result, SystemTest, program, tool, universal_address

RPCBPROC_SET = 1
STATES = ("ok", "warning", "failure")
BIND_FILES = 'for file; do mount --bind "$file" "/etc/${file##*/}" || exit 125; done'


class Local(rawrpc.Tcp):
    """A connection to rpcbind's local socket."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(5)
        self.socket.connect("/run/rpcbind.sock")


def register(netid, address, version=1):
    """Have rpcbind name that address."""
    texts = [netid, universal_address(address), ""]
    args = struct.pack(">II", rawrpc.TIMESYNC_PROG, version)
    args += b"".join(rawrpc.opaque(text.encode()) for text in texts)
    rpcbind = Local()
    reply = rawrpc.parse_reply(rpcbind.exchange(rawrpc.call(
        RPCBPROC_SET, args, program=rawrpc.RPCBIND_PROG, version=4)))
    rpcbind.close()
    if reply.stat != rawrpc.SUCCESS or reply.results != struct.pack(">I", 1):
        raise RuntimeError(f"rpcbind did not register {netid} {address}: {reply}")


class DoctorTest(SystemTest):
    def setUp(self):
        super().setUp()
        self.files = []

    def provide(self, name, text):
        """Let timesync see such a file in /etc."""
        path = self.path(name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o644)
        self.files.append(path)

    def provide_names(self, **names):
        """The names that there are, each with its addresses."""
        self.provide("hosts", "".join(f"{address} {name}\n" for name, addresses in names.items()
                                      for address in addresses))

    def _named(self, name, *args):
        """The command line of a program that sees those files."""
        binds = "\n".join([f"set -- {' '.join(self.files)}", BIND_FILES])
        return [tool("unshare"), "--mount", "sh", "-c", f'{binds}\nexec "$0" {" ".join(args)}',
                program(name)]

    def run_named(self, *argv):
        """Run a program that sees those files to its end."""
        done = subprocess.run(self._named(*argv), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=3 * DEADLINE_S, check=False)
        return Result(done.returncode, done.stdout, done.stderr)

    def start_named(self, *argv):
        """The same in the background."""
        return self.start(self._named(*argv))

    def doctor(self, *args):
        """Run it to its end."""
        return self.run_named("timesync", "doctor", *args)

    def diagnose(self, *args):
        """What it says of one host in JSON, having checked what holds of every diagnosis."""
        result = self.doctor("--json", *args)
        self.assertEqual(result.stderr, "")
        answer = result.json
        self.assertEqual(set(answer), {"host", "port", "state", "checks"})
        states = [check["state"] for check in answer["checks"]]
        self.assertEqual(answer["state"], max(states, key=STATES.index))
        self.assertEqual(result.status, 1 if "failure" in states else 0, result)
        for check in answer["checks"]:
            self.assertEqual(set(check), {"name", "state", "text", "advice"})
            self.assertTrue(check["text"])
            self.assertEqual(check["advice"] is None, check["state"] == "ok", check)
        return answer["checks"]

    def assert_check(self, checks, name, state, text, advice=""):
        """There is such a check, with these words."""
        for check in checks:
            if ((check["name"], check["state"]) == (name, state) and text in check["text"]
                    and advice in (check["advice"] or "")):
                return
        self.fail(f"no {state} of {name} with {text!r} and {advice!r} in {checks}")

    def assert_none(self, checks, *states):
        """Nothing is worse; but for the clock, which here nothing synchronises."""
        bad = [c for c in checks if c["state"] in states and c["name"] != "clock"]
        self.assertEqual(bad, [])

    def state_of(self, checks, name):
        """The states of all checks of that name."""
        return {check["state"] for check in checks if check["name"] == name}
