# SPDX-License-Identifier: BSD-3-Clause
"""Mistyped words."""

import difflib


def did_you_mean(word, known):
    """"; did you mean 'run'?" if one of the known words is near, else ""."""
    begun = [one for one in known if word and one.startswith(word)]
    near = begun if len(begun) == 1 else difflib.get_close_matches(word, known, 1)
    return f"; did you mean '{near[0]}'?" if near else ""
