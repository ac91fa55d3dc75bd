# SPDX-License-Identifier: BSD-3-Clause
"""How right are the offsets? Server and client read the same clock, so each offset is an error."""

import json
import subprocess
import time
from decimal import Decimal

from servers import CLIENT_CORE, HOST, Process, installed, pinned

BURST = 8
NO_ANSWER = 1  # an exit status of timesync

CHRONY_CLIENT_CONF = f"""\
server 127.0.0.1 port 123 minpoll -6 maxpoll -6 noselect
server 127.0.0.2 port 123 minpoll -6 maxpoll -6 noselect xleave
port 0
cmdport 0
user root
pidfile {{directory}}/client-pid
logdir {{directory}}
log measurements
"""
CHRONY_MODES = {"127.0.0.1": "basic", "127.0.0.2": "interleaved"}
CHRONY_START_S = 6  # it makes a first measurement, and the next one about 5 s later


def timesync(bench, server, options, n):
    """The offsets in ns of `n` queries; fewer when some got no usable answer."""
    command = [str(bench.build / "timesync"), "query", "--json", *map(str, options),
               f"{HOST}:{server.port}"]
    offsets = []
    for _ in range(n):
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              preexec_fn=pinned(CLIENT_CORE))
        if done.returncode == 0:
            offsets.append(round(json.loads(done.stdout)["offset_s"] * 1e9))
        elif done.returncode != NO_ANSWER:
            raise SystemExit(f"bench: timesync query: {done.stderr}")
    return offsets


def ntpdig(n):
    """The same with ntpdig (which rounds to a microsecond). Without -s and -S it sets nothing."""
    command = [installed("ntpdig"), "-j", "-p", str(BURST), HOST]
    offsets = []
    for _ in range(n):
        done = subprocess.run(command, capture_output=True, text=True, check=True,
                              preexec_fn=pinned(CLIENT_CORE))
        offsets.append(int(json.loads(done.stdout, parse_float=Decimal)["offset"].scaleb(9)))
    return offsets


def chronyd(bench, seconds):
    """mode -> the offsets in ns that a chronyd measured, the best of each BURST in sequence.

    It selects no source, so that it steers nothing, not even the clock that -x makes it imagine.
    """
    directory = bench.directory / "chronyd"
    log = directory / "measurements.log"
    log.unlink(missing_ok=True)
    conf = directory / "client.conf"
    conf.write_text(CHRONY_CLIENT_CONF.format(directory=directory), encoding="ascii")
    with Process(CLIENT_CORE, *bench.chronyd_command(conf)):
        time.sleep(CHRONY_START_S + seconds)
    return best_of_bursts(log.read_text(encoding="ascii"))


def best_of_bursts(log):
    measured = {mode: [] for mode in CHRONY_MODES.values()}
    for line in log.splitlines():
        fields = line.split()
        if len(fields) == 20 and fields[2] in CHRONY_MODES:
            offset, delay, mode = float(fields[11]), float(fields[12]), fields[17]
            wanted = CHRONY_MODES[fields[2]]
            if mode == ("4I" if wanted == "interleaved" else "4B"):
                measured[wanted].append((delay, round(offset * 1e9)))
    return {mode: [min(all_of[i:i + BURST])[1] for i in range(0, len(all_of) - BURST + 1, BURST)]
            for mode, all_of in measured.items()}
