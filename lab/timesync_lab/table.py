# SPDX-License-Identifier: BSD-3-Clause
"""Reading tables of TOML strictly: each key is known and of its type."""

from .words import did_you_mean

REQUIRED = object()


class Bad(Exception):
    """An error in a scenario: the place, and what to write instead."""


class Table:
    """A table of a scenario. Every key that it has must be taken before `finish`."""

    def __init__(self, where, content):
        if not isinstance(content, dict):
            raise Bad(f"{where}: must be a table")
        self.where, self._content, self._known = where, dict(content), []

    def bad(self, key, what):
        """The error about a key."""
        return Bad(f"{self.where}: {key}: {what}")

    def take(self, key, read, default=REQUIRED):
        """The value of a key as `read` makes it; it raises ValueError with what it must be."""
        self._known.append(key)
        if key not in self._content:
            if default is REQUIRED:
                raise Bad(f"{self.where}: '{key}' is missing")
            return default
        value = self._content.pop(key)
        try:
            return read(value)
        except ValueError as error:
            raise self.bad(key, f"{value!r}: {error}") from None

    def has(self, key):
        """Whether the key is there and was not taken yet."""
        return key in self._content

    def finish(self):
        """Complain about a key that nothing has taken."""
        for key in self._content:
            raise Bad(f"{self.where}: unknown key '{key}'{did_you_mean(key, self._known)} "
                      f"(one of {', '.join(sorted(self._known))})")


def text(value):
    """Any text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text")
    return value.strip()


def flag(value):
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def whole(least, most):
    """A reader of whole numbers in a range."""
    def read(value):
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return value
    return read


def choice(*allowed):
    """A reader of one of some words."""
    def read(value):
        if value not in allowed:
            hint = did_you_mean(value, allowed) if isinstance(value, str) else ""
            raise ValueError(f"must be one of {', '.join(allowed)}{hint}")
        return value
    return read


def texts(value):
    """A list of texts; one text is a list of one."""
    values = value if isinstance(value, list) else [value]
    if not values:
        raise ValueError("must be a text or a list of texts")
    return [text(v) for v in values]


def within(read, least, most, what):
    """A reader of numbers as `read` makes them, in a range."""
    def check(value):
        number = read(value)
        if not least <= number <= most:
            raise ValueError(what)
        return number
    return check
