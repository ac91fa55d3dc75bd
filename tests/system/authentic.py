# SPDX-License-Identifier: BSD-3-Clause
"""Authenticated calls and replies, by docs/protocol.md alone; and a forger who sits on the path."""

import hashlib
import hmac
import os
import select
import socket
import struct
import threading
import time
from pathlib import Path

import rawrpc

AUTH_MAC = 542397273
LABEL = b"timesync v1"
MAC = 32
NONCE = 16
# Where the parts are.
CALL_MAC, CALL_ARGS, REPLY_MAC = 44, 92, 20


class Key:
    """A key and its id."""

    def __init__(self, key_id, octets):
        self.key_id, self.octets = key_id, octets

    @classmethod
    def read(cls, path):
        """The first one of a key file."""
        lines = Path(path).read_text(encoding="ascii").splitlines()
        key_id, text = next(line for line in lines if line and line[0] != "#").split()
        return cls(int(key_id), bytes.fromhex(text))

    def line(self):
        return f"{self.key_id} {self.octets.hex()}\n"

    def mac(self, direction, call, body, call_mac=b""):
        """Of a call (1) or a reply (2), with program, version and procedure of the call."""
        head = struct.pack(">I", direction) + call[12:24]
        head += struct.pack(">II", self.key_id, len(body))
        return hmac.new(self.octets, LABEL + head + call_mac + body, hashlib.sha256).digest()

    def call(self, proc, args=b"", *, xid=None, nonce=None, **options):
        """A call like those of rawrpc, authenticated."""
        behind = (os.urandom(NONCE) if nonce is None else nonce) + args
        start = rawrpc.call(proc, xid=xid, cred=b"", verf=b"", **options)
        cred = rawrpc.auth(AUTH_MAC, struct.pack(">I", self.key_id))
        return start + cred + struct.pack(">II", AUTH_MAC, MAC + NONCE) + \
            self.mac(1, start, behind) + behind

    def reply(self, call, results=b"", stat=rawrpc.SUCCESS):
        """An accepted reply to such a call."""
        rest = struct.pack(">I", stat) + results
        size = len(call) - REPLY_MAC - len(rest)
        body = struct.pack(">I", size) + bytes(size - MAC - 4) + rest
        mac = self.mac(2, call, body, call[CALL_MAC:CALL_MAC + MAC])
        head = struct.pack(">IIIII", rawrpc.xid_of(call), rawrpc.REPLY, rawrpc.ACCEPTED, AUTH_MAC,
                           size)
        return head + mac + body

    def is_call(self, call):
        """Whether that is an authentic call under this key."""
        return hmac.compare_digest(self.mac(1, call, call[CALL_MAC + MAC:]),
                                   call[CALL_MAC:CALL_MAC + MAC])

    def is_reply(self, call, reply):
        """Whether that is the authentic reply to the call."""
        body = reply[REPLY_MAC + MAC:]
        return len(reply) == len(call) and reply[16:20] == body[:4] and hmac.compare_digest(
            self.mac(2, call, body, call[CALL_MAC:CALL_MAC + MAC]),
            reply[REPLY_MAC:REPLY_MAC + MAC])


def same_xid(message, as_in):
    return as_in[:4] + message[4:]


class Forger:
    """Sits between a client and a server: what they send goes through its hands, as UDP.

    `to_server(call)` and `to_client(call, reply)` say what goes on in place of a message, as a list
    of (seconds to wait, datagram). Everything that has passed is in `calls` and `replies`.
    """

    def __init__(self, server, to_server=None, to_client=None):
        self._to_server = to_server or (lambda call: [(0, call)])
        self._to_client = to_client or (lambda call, reply: [(0, reply)])
        self._front = socket.socket(rawrpc.family_of(server[0]), socket.SOCK_DGRAM)
        self._front.bind((server[0], 0))
        self._back = socket.socket(rawrpc.family_of(server[0]), socket.SOCK_DGRAM)
        self._back.connect(server)
        self.address = self._front.getsockname()[:2]
        self.calls, self.replies = [], []
        self._client = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        with self._front, self._back:
            while not self._over.is_set():
                ready, _, _ = select.select([self._front, self._back], [], [], 0.02)
                if self._front in ready:
                    call, self._client = self._front.recvfrom(65536)
                    self.calls.append(call)
                    self._pass_on(self._to_server(call), self._back.send)
                if self._back in ready:
                    reply = self._back.recv(65536)
                    self.replies.append(reply)
                    self._pass_on(self._to_client(self.calls[-1], reply), self.tell_client)

    @staticmethod
    def _pass_on(messages, send):
        for wait_s, message in messages:
            time.sleep(wait_s)
            send(message)

    def tell_client(self, message):
        self._front.sendto(message, self._client)

    def close(self):
        self._over.set()
        self._thread.join()
