# SPDX-License-Identifier: BSD-3-Clause
"""Axes of pictures: how amounts of time are laid out, and where the ticks are."""

import math

from . import units


def short(seconds):
    """A tick's label, at most in seconds: "100 µs", "1000 s"."""
    if seconds == 0:
        return "0"
    factor, name = units.unit_for(min(abs(seconds), 1.0))
    return f"{seconds / factor:g}".replace("-", "−") + f" {name}"


class Linear:
    """A plain axis in the unit that suits."""

    def __init__(self, values):
        most = max((abs(v) for v in values), default=1e-6) or 1e-6
        self.factor, self.unit = units.unit_for(most)
        self.ticks = ""

    def place(self, value):
        """Where a value is on the axis."""
        return value / self.factor

    def label(self, what):
        """What stands beside the axis."""
        return f"{what} ({self.unit})"


class Decades:
    """Ticks of an axis whose decades are equally long, as gnuplot has them."""

    def __init__(self, places, most):
        step = max(1, math.ceil(len(places) / most))
        self.text = "(" + ", ".join(f"\"{label}\" {at:.6f}"
                                    for label, at in places[::step]) + ")"


class Log(Decades):
    """A logarithmic axis, for values above 0."""

    def __init__(self, values, ticks=8):
        positive = [v for v in values if v > 0] or [1e-6]
        self.least = max(min(positive), max(positive) * 1e-9)
        low, high = math.floor(math.log10(self.least)), math.ceil(math.log10(max(positive)))
        super().__init__([(short(10.0**k), k) for k in range(low, high + 1)], ticks)
        self.ticks = self.text

    def place(self, value):
        """Where a value is on the axis."""
        return math.log10(max(value, self.least))

    def label(self, what):
        """What stands beside the axis."""
        return f"{what}, logarithmic"


class Symlog(Decades):
    """Logarithmic both ways from a linear part around 0: for errors of many sizes."""

    def __init__(self, values, ticks=9):
        sizes = sorted(abs(v) for v in values if v != 0) or [1e-6]
        small = max(sizes[len(sizes) // 4], sizes[-1] * 1e-8, 1e-7)
        self.core = 10.0**math.floor(math.log10(small))
        decades = range(0, math.ceil(math.log10(sizes[-1] / self.core)) + 1)
        half = [(short(self.core * 10.0**k), self.place(self.core * 10.0**k)) for k in decades]
        step = max(1, math.ceil(2 * len(half) / ticks))
        chosen = [tick for tick in half[::-1][::step][::-1] if tick[1] > 0.1 * half[-1][1]]
        places = [("0", 0.0), *chosen]
        if min(values) < 0:
            places += [("−" + label, -at) for label, at in chosen]
        super().__init__(places, len(places))
        self.ticks = self.text

    def place(self, value):
        """Where a value is on the axis."""
        return math.copysign(math.log10(1 + abs(value) / self.core), value)

    def label(self, what):
        """What stands beside the axis."""
        return f"{what}, logarithmic both ways"


def for_errors(values, ticks=9):
    """A linear axis, or a symlog one where a few large errors would flatten all others."""
    sizes = sorted(abs(v) for v in values)
    usual = sizes[len(sizes) // 2] if sizes else 0
    return Symlog(values, ticks) if sizes and sizes[-1] > 30 * max(usual, 1e-7) else Linear(values)
