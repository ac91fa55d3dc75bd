# SPDX-License-Identifier: BSD-3-Clause
"""The --help of the programs."""

import re
import subprocess
from collections import namedtuple
from functools import lru_cache

from harness import program

Option = namedtuple("Option", "short argument")


@lru_cache  # the tests look at the same ones again and again
def help_of(*command):
    done = subprocess.run([program(command[0]), *command[1:], "--help"], capture_output=True,
                          text=True, timeout=20, check=True)
    return done.stdout


def joined(text):
    """The same with each option in one line."""
    return re.sub(r"\n {31}(?=\S)", " ", text)


def verbs_in(text):
    return re.findall(r"^  ([a-z][a-z-]*) +[a-z]", text, re.M)


def options_in(text):
    """Long name -> Option, of a --help."""
    lines = re.findall(r"^  (?:-(\S), |    )--(\S+)(?: ([A-Z]+))? +\S", joined(text), re.M)
    return {name: Option(short, argument) for short, name, argument in lines}


def commands(*command):
    """All that have options of their own: ("timesyncd",), ("timesync", "clock", "show"), ..."""
    verbs = verbs_in(help_of(*command))
    if not verbs:
        return [command]
    return [c for verb in verbs for c in commands(*command, verb)]


def verbs():
    """As people write them: "query", "clock show", ..."""
    return [" ".join(c[1:]) for c in commands("timesync")]


def all_options():
    names = {"help", "version"}
    for command in [*commands("timesync"), ("timesyncd",), ("timesync-exporter",)]:
        names.update(options_in(help_of(*command)))
    return names
