# SPDX-License-Identifier: BSD-3-Clause
"""An answer that comes too late is never taken for the answer to the next question."""

import asyncio
import socket
import struct
import subprocess
import sys
import threading
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[2] / "lab"))

from timesync_lab import links, oncrpc  # noqa: E402

# A relay that answers each command by its text, but the first one only after the second has come.
LATE_RELAY = """
first = input()
second = input()
for command in (first, second):
    print(f"answer to {command}")
    print("relay: refused" if command == "bad" else "relay: done", flush=True)
while True:
    print(f"answer to {input()}")
    print("relay: done", flush=True)
"""


async def late_relay():
    return links.Relay(await asyncio.create_subprocess_exec(
        sys.executable, "-c", LATE_RELAY, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL), "it")


class RelayTest(unittest.IsolatedAsyncioTestCase):
    async def late(self, relay, first):
        """A command that is not answered in time."""
        with mock.patch.object(links, "ANSWERS_WITHIN", 0.1):
            with self.assertRaisesRegex(links.Refused, f"the relay of it does not answer '{first}'"):
                await relay.command(first)

    async def test_a_late_answer_is_not_taken_for_the_next_one(self):
        for first in ("one", "bad"):
            with self.subTest(first):
                relay = await late_relay()
                await self.late(relay, first)
                self.assertEqual(await relay.command("two"), ["answer to two"])
                self.assertEqual(await relay.command("three"), ["answer to three"])
                relay.process.kill()
                await relay.process.communicate()

    async def test_nor_after_somebody_has_stopped_waiting(self):
        relay = await late_relay()
        waiting = asyncio.create_task(relay.command("one"))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.wait([waiting])
        self.assertEqual(await relay.command("two"), ["answer to two"])
        relay.process.kill()
        await relay.process.communicate()

    async def test_one_that_has_ended_says_so(self):
        relay = await late_relay()
        relay.process.kill()
        await relay.process.wait()
        with self.assertRaisesRegex(links.Refused, "the relay of it has ended"):
            await relay.command("one")


class TcpTest(unittest.TestCase):
    def setUp(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(self.listener.close)

    def serve(self, function):
        """Have a function serve one connection, in a thread."""
        def run():
            connection, _ = self.listener.accept()
            with connection:
                function(connection)
        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)

    def test_after_a_late_answer_the_connection_is_dead(self):
        asked_again = threading.Event()

        def late(connection):
            call = connection.recv(4096)
            asked_again.wait(10)
            reply = oncrpc.reply_message(struct.unpack_from(">I", call, 4)[0])
            connection.sendall(struct.pack(">I", len(reply) | oncrpc.LAST_FRAGMENT) + reply)

        self.serve(late)
        with oncrpc.Tcp(self.listener.getsockname(), timeout=0.1) as client:
            with self.assertRaisesRegex(oncrpc.NoAnswer, "within 0.1 s"):
                client.call(oncrpc.NULL)
            asked_again.set()
            self.assertEqual(client.socket.fileno(), -1)
            with self.assertRaises(oncrpc.NoAnswer):
                client.call(oncrpc.NULL)

    def test_one_that_sends_an_octet_at_a_time_does_not_hold_it_up(self):
        over = threading.Event()

        def drip(connection):
            connection.recv(4096)
            try:
                connection.sendall(struct.pack(">I", 1000 | oncrpc.LAST_FRAGMENT))
                while not over.wait(0.02):
                    connection.sendall(b"x")
            except OSError:
                pass

        self.serve(drip)
        with oncrpc.Tcp(self.listener.getsockname(), timeout=0.3) as client:
            with self.assertRaisesRegex(oncrpc.NoAnswer, "within 0.3 s"):
                client.call(oncrpc.NULL)
        over.set()


if __name__ == "__main__":
    unittest.main()
