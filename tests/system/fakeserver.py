# SPDX-License-Identifier: BSD-3-Clause
"""A UDP server that a test plays itself: to misbehave in ways that no honest server does."""

import socket
import struct
import threading
import time

import rawrpc


def stamps(call, offset_ns=0):
    """The honest reply of a server whose clock is that far ahead."""
    now = time.time_ns() + offset_ns
    (ts1,) = struct.unpack_from(">q", call, 40)
    return rawrpc.accepted(rawrpc.xid_of(call), struct.pack(">qqq", ts1, now, now))


def time_reply(call, offset_ns=0):
    now = time.time_ns() + offset_ns
    return rawrpc.accepted(rawrpc.xid_of(call), struct.pack(">qqii", now, 0, 0, 0))


def honest(call, offset_ns=0):
    (proc,) = struct.unpack_from(">I", call, 20)
    if proc == rawrpc.GET_TIMESTAMPS:
        return stamps(call, offset_ns)
    if proc == rawrpc.GET_TIME:
        return time_reply(call, offset_ns)
    return rawrpc.accepted(rawrpc.xid_of(call))


class FakeServer:
    """Answers every GET_TIMESTAMPS as `answer(call, n)` says, n counting from 0: a list of
    datagrams, or None to go away for good. Other calls are answered by answer_other(call), or not
    at all if that is None.
    """

    def __init__(self, answer, answer_other=honest, host="127.0.0.1", port=0):
        self._answer, self._answer_other = answer, answer_other
        self._socket = socket.socket(rawrpc.family_of(host), socket.SOCK_DGRAM)
        self._socket.bind((host, port))
        self._socket.settimeout(0.05)
        self.address = self._socket.getsockname()[:2]
        self.rounds = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        with self._socket:
            while not self._stop.is_set():
                try:
                    call, client = self._socket.recvfrom(65536)
                except TimeoutError:
                    continue
                replies = self._replies(call)
                if replies is None:
                    return
                for reply in replies:
                    self._socket.sendto(reply, client)

    def _replies(self, call):
        (proc,) = struct.unpack_from(">I", call, 20)
        if proc != rawrpc.GET_TIMESTAMPS:
            other = self._answer_other(call)
            return [] if other is None else [other]
        self.rounds += 1
        return self._answer(call, self.rounds - 1)

    def close(self):
        self._stop.set()
        self._thread.join()


class FakeStream:
    """A TCP server that gives each connection to `talk(connection)`, in a thread, until it closes
    or the test is over.
    """

    def __init__(self, talk, address=("127.0.0.1", 0)):
        self._talk = talk
        self._socket = socket.create_server(address, family=rawrpc.family_of(address[0]))
        self.address = self._socket.getsockname()[:2]
        self._connections = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection):
        try:
            self._talk(connection)
        except (OSError, ValueError):
            pass  # the client has closed it, as it should
        connection.close()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join()


def read_record(connection):
    """A record in one fragment, from a client that is honest."""
    (mark,) = struct.unpack(">I", connection.recv(4, socket.MSG_WAITALL).rjust(4, b"\0"))
    message = connection.recv(mark & ~rawrpc.LAST_FRAGMENT, socket.MSG_WAITALL)
    if len(message) < 24:
        raise ValueError("the client has closed the connection")
    return message


class FakePortmapper:
    """A portmapper, version 2 and nothing else, over UDP and TCP, which knows IPv4 and these
    registrations: (program, version, "udp" or "tcp") -> port.
    """

    PROGRAM, VERSION = rawrpc.RPCBIND_PROG, 2
    GETPORT, DUMP = 3, 4
    PROTOCOLS = {socket.IPPROTO_UDP: "udp", socket.IPPROTO_TCP: "tcp"}

    def __init__(self, registrations, host="127.0.0.1"):
        self.registrations = registrations
        self.asked = []  # (version, procedure) of each call
        self._over = threading.Event()
        self._udp = socket.socket(rawrpc.family_of(host), socket.SOCK_DGRAM)
        self._udp.bind((host, 111))
        self._udp.settimeout(0.05)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        self._stream = FakeStream(self._talk, (host, 111))

    def _get_port(self, args):
        program, version, protocol, _port = struct.unpack(">4I", args)
        netid = self.PROTOCOLS.get(protocol)
        exact = self.registrations.get((program, version, netid))
        others = [port for (p, _v, n), port in self.registrations.items()
                  if (p, n) == (program, netid)]
        return struct.pack(">I", exact or (others[0] if others else 0))

    def _dump(self):
        numbers = {name: number for number, name in self.PROTOCOLS.items()}
        entries = (struct.pack(">5I", 1, program, version, numbers[netid], port)
                   for (program, version, netid), port in self.registrations.items())
        return b"".join(entries) + bytes(4)

    def _reply(self, call):
        program, version, proc = struct.unpack_from(">III", call, 12)
        self.asked.append((version, proc))
        xid = rawrpc.xid_of(call)
        if program != self.PROGRAM:
            return rawrpc.accepted(xid, stat=rawrpc.PROG_UNAVAIL)
        if version != self.VERSION:
            return rawrpc.accepted(xid, struct.pack(">II", self.VERSION, self.VERSION),
                                   rawrpc.PROG_MISMATCH)
        if proc == rawrpc.NULL:
            return rawrpc.accepted(xid)
        if proc == self.GETPORT:
            return rawrpc.accepted(xid, self._get_port(call[40:]))
        if proc == self.DUMP:
            return rawrpc.accepted(xid, self._dump())
        return rawrpc.accepted(xid, stat=rawrpc.PROC_UNAVAIL)

    def _serve(self):
        with self._udp:
            while not self._over.is_set():
                try:
                    call, client = self._udp.recvfrom(65536)
                except TimeoutError:
                    continue
                self._udp.sendto(self._reply(call), client)

    def _talk(self, connection):
        while True:
            connection.sendall(rawrpc.Tcp.record(self._reply(read_record(connection))))

    def close(self):
        self._over.set()
        self._thread.join()
        self._stream.close()
