# SPDX-License-Identifier: BSD-3-Clause
"""Where the programs and the scenarios are: in a source tree that was built, or installed."""

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# By what a source tree has, not by names: a clone may be a directory named "timesync" too.
INSTALLED = not (PACKAGE.parents[1] / "Makefile").is_file()


class Missing(Exception):
    """A program that is not there, and what to do."""


def prefix():
    """Of an installation: the directory with bin/, sbin/ and share/."""
    return PACKAGE.parents[3]


def places(name):
    """Where a program of ours can be, best first."""
    build = os.environ.get("TIMESYNC_BUILD")
    if build:
        return [Path(build) / name, Path(build) / "lab" / name]
    if INSTALLED:
        return [prefix() / part / name for part in ("bin", "sbin", "libexec/timesync")]
    beside = Path(sys.argv[0]).absolute().parent
    tree = PACKAGE.parent.parent / "build"
    return [directory / name for directory in (beside, beside / "lab", tree, tree / "lab")]


def ours(name):
    """The path of timesync, timesyncd, relay or echo."""
    for place in places(name):
        if os.access(place, os.X_OK) and place.is_file():
            return str(place)
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise Missing(f"the program '{name}' is not in {places(name)[0].parent} nor in the PATH: "
                      f"run 'make', or 'make install'")
    return found


@functools.cache
def choices(verb, option):
    """The words that an option of timesync takes, by its --help."""
    said = subprocess.run([ours("timesync"), verb, "--help"], capture_output=True, text=True,
                          timeout=30, check=False).stdout
    found = re.search(rf"--{option} [A-Z]+\s+([^(]*) \(default", said)
    if not found:
        raise Missing(f"'timesync {verb} --help' does not say what --{option} takes: timesync and "
                      "timesync-lab are of different versions")
    return re.split(r",\s+|\s+or\s+", found[1].strip())


def library():
    """The path of libtimesync, or its name for the system to find it."""
    name = "libtimesync.so.0"
    where = [prefix() / part for part in ("lib", "lib64")] if INSTALLED else \
        [place.parent for place in places(name)]
    return next((str(directory / name) for directory in where if (directory / name).is_file()), name)


def scenario_directory():
    """Where the scenarios are that ship with the program."""
    return PACKAGE.parent / "scenarios"


def skeleton_directory():
    """Where the files are with which students begin."""
    return PACKAGE.parent / "skeleton"


def protocol():
    """timesync.x."""
    return PACKAGE.parent.parent / "timesync.x"
