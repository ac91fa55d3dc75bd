# SPDX-License-Identifier: BSD-3-Clause
"""A server that is played, with the path to it: what arrives is answered when the script says.

Nothing waits on the way there: the kernel's receive stamp is when a call came to this machine, and
ts2 is that plus the way there. Only the reply has to leave at a time, and when it really left is
noted.
"""

import heapq
import itertools
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, replace

from . import oncrpc as rpc
from .processes import waited_for_processor

MS, SECOND = 10**6, 10**9
SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
STAMP = struct.Struct("@qq")


@dataclass(frozen=True)
class Script:
    """What happens to rounds: ways there and back, in turn, in ns; and single ones by number."""

    ways: list
    work: int
    lose_calls: tuple = ()
    lose_replies: tuple = ()
    late: tuple = ()         # answered only when the next call has come
    doubled: tuple = ()
    step_at: int | None = None  # the clock of the client is stepped when this one comes

    def slower(self, scale):
        """The same with all times longer."""
        ways = [tuple(round(way * scale) for way in pair) for pair in self.ways]
        return replace(self, ways=ways, work=round(self.work * scale))


@dataclass
class Arrival:
    """A call that arrived, and its answer. Times are of the system clock, ts1 to ts3 as sent."""

    xid: int
    proc: int
    ts1: int
    arrived: int
    there: int = 0
    ts2: int = 0
    ts3: int = 0
    back: int = 0
    sent: int = 0            # 0: not answered
    in_time: bool = False    # answered as a client may take it
    generation: int = 0      # of the client's clock when it came
    waited: int = 0          # for how long the client had waited for a processor until then, ns

    @property
    def delay(self):
        """The way there and back."""
        return self.there + self.back


class PlayedServer:
    """Serves in a thread until it is closed."""

    def __init__(self, script, offset, clock, on_step):
        self._script, self._offset, self._on_step = script, offset, on_step
        self._clock = clock
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.calls = []      # of GET_TIMESTAMPS and GET_TIME
        self.noise = 0       # by how much replies left too late, at most
        self.client = None   # the id of its process, once it runs
        self._due, self._order = [], itertools.count()
        self._held = None    # a late reply that waits for the next call
        self._over = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self):
        """End it."""
        self._over = True
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while not self._over:
            left = self._due[0][0] - time.time_ns() if self._due else 50 * MS
            if select.select([self._socket], [], [], max(0, min(left, 50 * MS)) / SECOND)[0]:
                self._receive()
            while self._due and self._due[0][0] <= time.time_ns():
                self._send(*heapq.heappop(self._due)[2:])

    def _receive(self):
        message, extra, _, client = self._socket.recvmsg(2048, 256)
        now = time.time_ns()
        for level, kind, data in extra:
            if (level, kind, len(data)) == (socket.SOL_SOCKET, SO_TIMESTAMPNS, STAMP.size):
                seconds, ns = STAMP.unpack(data)
                now = seconds * SECOND + ns
        call = rpc.parse_call(message)
        if call and (call.program, call.version) == (rpc.PROGRAM, rpc.VERSION):
            self._take(call, client, now)

    def _take(self, call, client, now):
        if call.proc in (rpc.GET_TIMESTAMPS, rpc.INTERLEAVED) and len(call.args) >= 8:
            self._take_round(call, client, now)
        elif call.proc == rpc.GET_TIME:
            self._take_time(call, client, now)
        else:
            status = rpc.SUCCESS if call.proc == rpc.NULL else rpc.PROC_UNAVAIL
            self._socket.sendto(rpc.reply_message(call.xid, status=status), client)

    def _note(self, arrival):
        if self.client:
            arrival.waited = waited_for_processor(self.client)
        self.calls.append(arrival)

    def _queue(self, arrival, reply, client, times=1):
        due = arrival.ts3 - self._offset + arrival.back
        heapq.heappush(self._due, (due, next(self._order), arrival, reply, client, times, due))

    def _take_round(self, call, client, now):
        (ts1,) = struct.unpack_from(">q", call.args)
        # A call that is sent again is the same round.
        known = [c.xid for c in self.calls if c.proc == rpc.GET_TIMESTAMPS]
        fresh = call.xid not in known
        number = len(set(known)) if fresh else list(dict.fromkeys(known)).index(call.xid)
        there, back = self._script.ways[number % len(self._script.ways)]
        arrival = Arrival(call.xid, rpc.GET_TIMESTAMPS, ts1, now, there, back=back,
                          generation=self._clock.line().generation)
        arrival.ts2 = now + there + self._offset
        arrival.ts3 = arrival.ts2 + self._script.work
        if fresh and number == self._script.step_at:
            self._on_step()
            arrival.ts3 += time.time_ns() - now  # the reply waits for it
        self._note(arrival)
        results = struct.pack(">qqq", ts1, arrival.ts2, arrival.ts3)
        if call.proc == rpc.INTERLEAVED:
            results += bytes(8)
        reply = rpc.reply_message(call.xid, results)
        self._play(arrival, reply, client, number, fresh)

    def _play(self, arrival, reply, client, number, fresh):
        if self._held:
            self._socket.sendto(*self._held)
            self._held = None
        if fresh and (number in self._script.lose_calls or number in self._script.lose_replies):
            return
        if fresh and number in self._script.late:
            self._held = (reply, client)
            return
        arrival.in_time = True
        self._queue(arrival, reply, client, 2 if number in self._script.doubled else 1)

    def _take_time(self, call, client, now):
        ways = self._script.ways
        there, back = (sum(way[i] for way in ways) // len(ways) for i in (0, 1))
        arrival = Arrival(call.xid, rpc.GET_TIME, 0, now, there, back=back, in_time=True,
                          generation=self._clock.line().generation)
        arrival.ts2 = arrival.ts3 = now + there + self._offset
        self._note(arrival)
        results = struct.pack(">qqii", arrival.ts3, 0, 0, 0)
        self._queue(arrival, rpc.reply_message(call.xid, results), client)

    def _send(self, arrival, reply, client, times, due):
        arrival.sent = time.time_ns()
        arrival.back = arrival.sent - (arrival.ts3 - self._offset)
        self.noise = max(self.noise, arrival.sent - due)
        for _ in range(times):
            self._socket.sendto(reply, client)
