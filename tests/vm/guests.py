# SPDX-License-Identifier: BSD-3-Clause
"""Several guests, each with a clock of its own, on one virtual network that a switch of ours makes.

The network consists of local sockets: no packet leaves QEMU and this process.
"""

import json
import socket
import subprocess
import threading
import time

FRAME_MAX = 65536
PATIENCE_S = 300  # for an answer, on a machine with other work


class Switch:
    """Passes each frame on to all other guests, but to and from those that are cut off."""

    def __init__(self, directory, numbers):
        self._directory = directory
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = directory / "switch"
        self._socket.bind(str(self.path))
        self._ports = {str(self.port(number)): number for number in numbers}
        self.cut_off = set()
        threading.Thread(target=self._pass_on, daemon=True).start()

    def port(self, number):
        return self._directory / f"port{number}"

    def _pass_on(self):
        while True:
            frame, source = self._socket.recvfrom(FRAME_MAX)
            if self._ports.get(source) in self.cut_off:
                continue
            for port, number in self._ports.items():
                if port != source and number not in self.cut_off:
                    try:
                        self._socket.sendto(frame, socket.MSG_DONTWAIT, port)
                    except OSError:
                        pass  # it is paused, or has not started: a lost frame


class Guest:
    """A virtual machine; what the program on its second serial line can do is a method of it."""

    def __init__(self, work, name, words, options):
        self.console = work / f"console{name}"
        self._qmp_path = work / f"qmp{name}"
        # The rate of an emulated TSC is a guess at boot, wrong by up to a percent.
        words = ("console=ttyS0 panic=-1 reboot=t random.trust_cpu=on no_timer_check "
                 f"clocksource=hpet tsc=unstable timesync.guest {words}")
        self._qemu = subprocess.Popen([
            "qemu-system-x86_64", "-machine", "pc", "-accel", "tcg", "-cpu", "max",
            "-no-user-config", "-nodefaults", "-display", "none",
            "-qmp", f"unix:{self._qmp_path},server=on,wait=off",
            "-append", words, *options,
            "-serial", f"file:{self.console}", "-serial", "stdio",
        ], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._name = name
        self._qmp = None

    def wait_until_up(self, expected):
        up = self._answer()
        if up != expected:
            raise RuntimeError(f"guest {self._name} says {up}")

    def _answer(self):
        limit = threading.Timer(PATIENCE_S, self._qemu.kill)
        limit.start()
        line = self._qemu.stdout.readline()
        limit.cancel()
        if not line:
            said = self.console.read_text(encoding="utf-8", errors="replace")
            said = said.partition("Kernel panic")[0]  # behind that is a trace
            raise RuntimeError(f"guest {self._name} has ended; its console: {said[-1500:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"guest {self._name}: {answer['error']}")
        return answer["result"]

    def ask(self, order):
        """Have it do that; `order` can be written as JSON."""
        self._qemu.stdin.write(json.dumps(order).encode() + b"\n")
        self._qemu.stdin.flush()
        return self._answer()

    def control(self, command):
        """Ask QEMU itself."""
        if not self._qmp:
            self._qmp = socket.socket(socket.AF_UNIX)
            self._qmp.connect(str(self._qmp_path))
            self._qmp = self._qmp.makefile("rw", encoding="utf-8")
            self._qmp.readline()  # the greeting
            self.control("qmp_capabilities")
        print(json.dumps({"execute": command}), file=self._qmp, flush=True)
        while True:
            answer = json.loads(self._qmp.readline())  # which may be an event
            if "return" in answer:
                return answer["return"]

    def pause_for(self, seconds):
        """Its time stands still meanwhile."""
        self.control("stop")
        time.sleep(seconds)
        self.control("cont")

    def end(self):
        self._qemu.kill()
        self._qemu.wait()


class Member(Guest):
    """One of several; what tests/vm/guest/member.py can do is a method of it."""

    def __init__(self, number, directory, work, switch, year):
        self.number = number
        self.address = f"10.0.0.{number}"
        network = f"dgram,id=net,local.type=unix,local.path={switch.port(number)}"
        network += f",remote.type=unix,remote.path={switch.path}"
        super().__init__(work, number, f"timesync.member={number}", [
            "-no-reboot", "-m", "384", "-rtc", f"base={year}-06-15T12:00:00",
            "-netdev", network,
            "-device", f"virtio-net-pci,netdev=net,mac=52:54:00:00:00:{number:02x},romfile=",
            "-kernel", directory / "vmlinuz", "-initrd", directory / "initramfs",
        ])

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def do(*args, **kwargs):
            if args:
                raise TypeError("by keyword only")
            return self.ask({"do": name, "with": kwargs})
        return do
