#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Run a program on a kernel that lacks something: usage: lacking.py WHAT[=ERRNO]... -- COMMAND...

A filter of seccomp(2) answers for the system call, as sandboxes and other kernels do.
"""

import ctypes
import errno
import os
import socket
import struct
import sys

SYSCALLS = {  # number on x86_64, on aarch64
    "setsockopt": (54, 208),
    "socket": (41, 198),
    "recvmmsg": (299, 243),
    "sendmmsg": (307, 269),
    "getrandom": (318, 278),
    "epoll_create1": (291, 20),
    "signalfd4": (289, 74),
    "prctl": (157, 167),
    "epoll_wait": (232, 22),
    "clone": (56, 220),
    "unlink": (87, 35),
}
SO_REUSEPORT, SO_TIMESTAMPNS, SO_TIMESTAMPING = 15, 35, 37
IP_PKTINFO, IPV6_RECVPKTINFO = 8, 49
# What can be missing: the call, what its arguments are by place, and how it is refused by default.
OPTION = {"timestampns": (socket.SOL_SOCKET, SO_TIMESTAMPNS),
          "timestamping": (socket.SOL_SOCKET, SO_TIMESTAMPING),
          "reuseport": (socket.SOL_SOCKET, SO_REUSEPORT),
          "reuseaddr": (socket.SOL_SOCKET, socket.SO_REUSEADDR),
          "v6only": (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY),
          "pktinfo": (socket.IPPROTO_IP, IP_PKTINFO),
          "pktinfo6": (socket.IPPROTO_IPV6, IPV6_RECVPKTINFO)}
FAMILY = {"netlink": socket.AF_NETLINK, "inet6": socket.AF_INET6}

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, REFUSE, KILL = 0x7fff0000, 0x00050000, 0x80000000
ARGUMENTS_AT = 16


def statement(code, value, if_not=0):
    return struct.pack("=HBBI", code, 0, if_not, value)


def rule(call, arguments, action):
    """Instructions that answer `call` with these arguments, and else fall through."""
    number = SYSCALLS[call][os.uname().machine == "aarch64"]
    wanted = [(0, number)] + [(ARGUMENTS_AT + 8 * i, value) for i, value in arguments.items()]
    code = b""
    for i, (at, value) in enumerate(wanted):
        left = 2 * (len(wanted) - i - 1) + 1
        code += statement(LOAD, at) + statement(EQUAL, value, left)
    return code + statement(RETURN, action)


def rule_named(text):
    name, _, how = text.partition("=")
    if name in OPTION:
        call, arguments, default = "setsockopt", dict(enumerate(OPTION[name], 1)), "ENOPROTOOPT"
    elif name in FAMILY:
        call, arguments, default = "socket", {0: FAMILY[name]}, "EAFNOSUPPORT"
    else:
        call, arguments, default = name, {}, "ENOSYS"
    how = how or default
    return rule(call, arguments, KILL if how == "kill" else REFUSE | getattr(errno, how))


def without_leak_check(environment):
    """LeakSanitizer looks from a process of its own, which it cannot start there either."""
    options = environment.get("ASAN_OPTIONS", "")
    return environment | {"ASAN_OPTIONS": f"{options}:detect_leaks=0".lstrip(":")}


def main():
    end = sys.argv.index("--")
    code = b"".join(map(rule_named, sys.argv[1:end])) + statement(RETURN, ALLOW)
    instructions = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(instructions))
    libc = ctypes.CDLL(None, use_errno=True)
    if (libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) != 0):
        sys.exit(f"lacking.py: no filter: {os.strerror(ctypes.get_errno())}")
    forks = not any(what.startswith("clone") for what in sys.argv[1:end])
    environment = dict(os.environ)
    os.execvpe(sys.argv[end + 1], sys.argv[end + 1:],
               environment if forks else without_leak_check(environment))


if __name__ == "__main__":
    main()
