# SPDX-License-Identifier: BSD-3-Clause
"""Amounts as people write them. Inside, times are seconds and rates parts per million."""

import math
import re

SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
UNITS = "ns, us, ms, s, min or h"
DURATION_MOST = 1e9  # s, 31 years: what timesync can work with in any year to come
AMOUNT = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?)\s*([a-zµ%]*)")


def finite(value):
    """The number as a float; ValueError if it is larger than any."""
    try:
        return float(value)
    except OverflowError:
        raise ValueError("must be a smaller number") from None


def duration(value):
    """Seconds of "2.5s", "-150ms" or a number of seconds; ValueError with what it must be."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = finite(value)
    else:
        found = AMOUNT.fullmatch(value.strip()) if isinstance(value, str) else None
        if not found or (found[2] or "s") not in SECONDS:
            raise ValueError(f"must be a duration such as \"2.5s\" or \"-150ms\" (in {UNITS})")
        seconds = float(found[1]) * SECONDS[found[2] or "s"]
    if not abs(seconds) <= DURATION_MOST:  # nan is not
        raise ValueError(f"must be at most {DURATION_MOST:.0f} s (31 years) either way")
    return seconds


def ppm(value):
    """Parts per million of "50ppm", "-0.5" or a number."""
    text = value.removesuffix("ppm").strip() if isinstance(value, str) else value
    try:
        number = finite(text)
    except (TypeError, ValueError):
        raise ValueError("must be a rate such as \"50ppm\" or -20") from None
    if isinstance(value, bool) or not math.isfinite(number) or abs(number) > 100000:
        raise ValueError("must be a rate of at most 100000 ppm either way")
    return number


def percent(value):
    """A whole number of 100, of "5%" or 5."""
    text = value.removesuffix("%").strip() if isinstance(value, str) else value
    try:
        number = int(text)
    except (TypeError, ValueError):
        number = -1
    if isinstance(value, bool) or isinstance(value, float) or not 0 <= number <= 100:
        raise ValueError("must be a whole number of percent from 0 to 100")
    return number


def argument(seconds):
    """A duration as an argument of the programs."""
    return f"{seconds:.9f}s"


def unit_for(most):
    """(the factor from seconds, the name) of the unit that suits amounts of up to `most`."""
    for name, factor in (("ns", 1e-9), ("µs", 1e-6), ("ms", 1e-3), ("s", 1.0), ("min", 60.0)):
        if most < factor * (600 if name == "s" else 999.5):
            return factor, name
    return 3600.0, "h"


def text(seconds, signed=False):
    """An amount of time for people, with three digits or so: "1.23 ms"."""
    if seconds is None:
        return "–"
    factor, name = unit_for(abs(seconds))
    number = seconds / factor
    size = abs(float(f"{number:.3g}"))
    digits = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2
    sign = "+" if signed and number > 0 else ""
    return f"{sign}{number:.{digits}f}".replace("-", "−") + f" {name}"
