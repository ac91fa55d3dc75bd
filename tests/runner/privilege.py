# SPDX-License-Identifier: BSD-3-Clause
"""Making sure that no test can set the clock of the machine that it runs on."""

import os
import re
import sys
from pathlib import Path

CAP_SYS_TIME = 25
DROPPED = "--dropped"


def may_set_the_clock():
    """Whether this process has CAP_SYS_TIME or, as root, gets it back by starting a program."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    sets = ["CapInh", "CapPrm", "CapEff", "CapAmb"] + (["CapBnd"] if os.geteuid() == 0 else [])
    masks = (int(re.search(rf"^{name}:\s*(\w+)$", status, re.M)[1], 16) for name in sets)
    return any(mask >> CAP_SYS_TIME & 1 for mask in masks)


def give_up_setting_the_clock():
    """Start this program over without CAP_SYS_TIME, if it has it."""
    if not may_set_the_clock():
        return
    if DROPPED in sys.argv:
        sys.exit(f"{sys.argv[0]}: CAP_SYS_TIME is still there after dropping it; nothing is run")
    drop = ["setpriv", "--bounding-set", "-sys_time", "--inh-caps", "-sys_time"]
    os.execvp(drop[0], [*drop, sys.executable, *sys.argv, DROPPED])
