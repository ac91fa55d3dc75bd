# SPDX-License-Identifier: BSD-3-Clause
"""The machine of the measurements, as far as it matters: no names, no paths."""

import os
import re
import resource
import subprocess
from pathlib import Path

from servers import installed

PACKAGES = {"libtirpc3": "libtirpc", "rpcsvc-proto": "rpcgen", "libc6": "glibc"}
PROGRAMS = ("chronyd", "ntpdig", "rdate")
TICK_FIELDS = "user nice system idle iowait irq softirq steal".split()


def ticks():
    """The time of all cores together since the start, in ticks."""
    line = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    return dict(zip(TICK_FIELDS, map(int, line.split()[1:])))


AT_START = ticks()


def during():
    """What else happened since the start, in percent of all cores: work of other programs (0 would
    be best), and time that a virtual machine was not given."""
    spent = {field: now - AT_START[field] for field, now in ticks().items()}
    total = sum(spent.values())
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    ours = sum(u.ru_utime + u.ru_stime for u in used) * os.sysconf("SC_CLK_TCK")
    idle = spent["idle"] + spent["iowait"] + spent["steal"]
    return {"others_percent": 100 * max(total - idle - ours, 0) / total,
            "stolen_percent": 100 * spent["steal"] / total}


def cpu_model():
    text = Path("/proc/cpuinfo").read_text(encoding="ascii")
    found = re.search(r"^(?:model name|Model|Hardware)\s*: (.*)", text, re.M)
    virtual = re.search(r"^flags\s*:.*\bhypervisor\b", text, re.M)
    return (found[1] if found else os.uname().machine) + (", virtual" if virtual else "")


def first_line(*command):
    """The output of a program, or None if it fails or is missing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.partition("\n")[0]


def versions():
    """name -> the version of what takes part, as far as it can be told."""
    found = {name: first_line("dpkg-query", "-W", "-f", "${Version}", package)
             for package, name in PACKAGES.items()}
    for name in PROGRAMS:
        said = installed(name) and first_line(installed(name), "--version")
        number = re.search(r"\d+(\.\d+)+", said or "")
        found[name] = number and number[0]
    return {name: version for name, version in found.items() if version}


def distribution():
    release = Path("/etc/os-release")
    text = release.read_text(encoding="utf-8") if release.exists() else ""
    found = re.search(r'^PRETTY_NAME="?([^"\n]*)', text, re.M)
    return found[1] if found else "unknown"


def describe():
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "kernel": re.match(r"[\d.]+", os.uname().release)[0],
        "distribution": distribution(),
        "versions": versions(),
    }
