# SPDX-License-Identifier: BSD-3-Clause
"""Reading clock files, as timesync-clock(5) documents them, without a process for each reading."""

import mmap
import struct
from dataclasses import dataclass

SIZE, GENERATION_AT, SLOT_AT, SLOT_SIZE = 184, 32, 40, 72
GENERATION = struct.Struct("=Q")
SLOT = struct.Struct("=QqqqqqqqQ")
HEADER = struct.Struct("=8sIIQ")
MAGIC, BYTE_ORDER, VERSION = b"TSCLOCK\n", 0x01020304, 4
PPB = 1_000_000_000
FNV_BASIS, FNV_PRIME, WORD = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1
SLEW_NS_PER_NS = 2000  # a slew of 500 ppm


def quotient(a, b):
    """Of C: rounded towards 0."""
    return a // b if (a < 0) == (b < 0) else -(-a // b)


@dataclass(frozen=True)
class Line:
    """A clock between two adjustments, a function of the system clock, in ns and ppb."""

    generation: int
    base_real: int
    base_value: int
    drift: int
    frequency: int
    slew: int  # what a slew by frequency adds to the rate
    slew_until: int  # until the system clock shows this
    slew_left: int  # of a slew by amount

    def _elapsed(self, real):
        dt, rate = real - self.base_real, self.drift + self.frequency
        most = self.slew_until - self.base_real if self.slew else 0
        slewing = max(0, min(dt, most))
        rest = dt - slewing
        return dt + quotient(slewing * (rate + self.slew), PPB) + quotient(rest * rate, PPB)

    def slew_at(self, real):
        """The slew by frequency that is in force then."""
        return self.slew if real < self.slew_until else 0

    def _slewed(self, elapsed):
        most = elapsed // SLEW_NS_PER_NS if elapsed > 0 else 0
        return max(-most, min(most, self.slew_left))

    def error(self, real):
        """By how many ns it is ahead of the system clock when that shows `real`."""
        elapsed = self._elapsed(real)
        return self.base_value + elapsed + self._slewed(elapsed) - real

    def slew_remaining(self, real):
        """The rest of a slew by amount then, in ns."""
        return self.slew_left - self._slewed(self._elapsed(real))

    def rate_ppm(self, real):
        """How much faster than the system clock it runs then."""
        left = self.slew_remaining(real)
        rate = self.drift + self.frequency + self.slew_at(real)
        return rate / 1000 + (500 if left > 0 else -500 if left else 0)

    def real_at(self, value):
        """What the system clock shows when this one shows `value`, to a nanosecond or two."""
        real = value
        for _ in range(60):  # each time at most a tenth of the difference is left
            before, real = real, value - self.error(real)
            if abs(real - before) <= 1:
                break
        return real


def corrects(before, after):
    """Whether an adjustment corrects the clock, and does not only end a slew or change its drift."""
    at = after.base_real
    return (abs(after.error(at) - before.error(at)) > 1000
            or abs(after.slew_left - before.slew_remaining(at)) > 1000
            or after.slew not in (0, before.slew)
            or after.frequency != before.frequency)


def checksum(words):
    """Of a slot: FNV-1a of words of 64 bits, with a fold."""
    total = FNV_BASIS
    for word in words:
        total = (total ^ (word & WORD)) * FNV_PRIME & WORD
        total ^= total >> 32
    return total


class ClockFile:
    """A clock file that is mapped into memory, as the programs map it."""

    def __init__(self, path):
        with open(path, "rb") as file:
            head = file.read(HEADER.size)
            if head != HEADER.pack(MAGIC, BYTE_ORDER, VERSION, SIZE):
                raise ValueError(f"{path}: no clock file of version {VERSION}")
            self._map = mmap.mmap(file.fileno(), SIZE, access=mmap.ACCESS_READ)

    def _slot(self, generation):
        return SLOT.unpack_from(self._map, SLOT_AT + generation % 2 * SLOT_SIZE)

    def line(self):
        """The present line. One that is being replaced is read again."""
        while True:
            (generation,) = GENERATION.unpack_from(self._map, GENERATION_AT)
            slot = self._slot(generation)
            if slot[0] == generation == GENERATION.unpack_from(self._map, GENERATION_AT)[0]:
                return Line(*slot[:-1])

    def lines_since(self, before):
        """The lines after `before`, oldest first, as far as the file still has them: the last two."""
        present = self.line()
        if present.generation - before.generation <= 1:
            return [present] if present.generation != before.generation else []
        other = self._slot(present.generation + 1)
        whole = other[0] == present.generation - 1 and other[-1] == checksum(other[:-1])
        return [Line(*other[:-1]), present] if whole else [present]
