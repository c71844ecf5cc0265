"""Runs inside the sandbox's process: limits itself, then executes what it is given.

``python -I -S -B sandbox_child.py``, in an empty folder, without an environment. One line of JSON
comes in: {"program", "token", "cpu_seconds", "memory_bytes", "output"}. Out goes the token if the program ran to its
end, and else what it raised; with what it printed, of which "output" characters are kept. Only the standard library
is imported: no other is there.

The kernel holds the limits (https://docs.kernel.org/userspace-api/seccomp_filter.html): from the filter
on, this process can compute, read files and write to what is already open; every other system call
fails with EPERM. The list says what is allowed, so that a call which isn't on it fails.
"""

from __future__ import annotations

import ctypes
import errno
import io
import json
import os
import platform
import resource
import struct
import sys

# System call numbers: <asm/unistd_64.h> for x86_64, <asm-generic/unistd.h> for aarch64.
ALLOWED = {
    "x86_64": {
        "read": 0, "write": 1, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7, "lseek": 8, "mmap": 9,
        "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15,
        "ioctl": 16, "pread64": 17, "readv": 19, "writev": 20, "access": 21, "select": 23, "sched_yield": 24,
        "mremap": 25, "madvise": 28, "dup": 32, "nanosleep": 35, "getpid": 39, "exit": 60, "uname": 63,
        "getcwd": 79, "readlink": 89, "gettimeofday": 96, "getrlimit": 97, "getrusage": 98, "sysinfo": 99,
        "times": 100, "getuid": 102, "getgid": 104, "geteuid": 107, "getegid": 108, "sigaltstack": 131,
        "gettid": 186, "futex": 202, "sched_getaffinity": 204, "getdents64": 217, "restart_syscall": 219,
        "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231, "newfstatat": 262,
        "readlinkat": 267, "faccessat": 269, "ppoll": 271, "set_robust_list": 273, "getrandom": 318,
        "membarrier": 324, "statx": 332, "rseq": 334, "faccessat2": 439,
    },
    "aarch64": {
        "getcwd": 17, "dup": 23, "ioctl": 29, "faccessat": 48, "close": 57, "getdents64": 61, "lseek": 62,
        "read": 63, "write": 64, "readv": 65, "writev": 66, "pread64": 67, "ppoll": 73, "readlinkat": 78,
        "newfstatat": 79, "fstat": 80, "exit": 93, "exit_group": 94, "futex": 98, "set_robust_list": 99,
        "nanosleep": 101, "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115,
        "sched_getaffinity": 123, "sched_yield": 124, "restart_syscall": 128, "sigaltstack": 132,
        "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "times": 153, "uname": 160,
        "getrlimit": 163, "getrusage": 165, "gettimeofday": 169, "getpid": 172, "getuid": 174, "geteuid": 175,
        "getgid": 176, "getegid": 177, "gettid": 178, "sysinfo": 179, "brk": 214, "munmap": 215, "mremap": 216,
        "mmap": 222, "mprotect": 226, "madvise": 233, "getrandom": 278, "membarrier": 283, "statx": 291,
        "rseq": 293, "faccessat2": 439,
    },
}  # fmt: skip
OPENING = {"x86_64": {"open": (2, 1), "openat": (257, 2)}, "aarch64": {"openat": (56, 2)}}
"""Number, and which argument holds the flags: allowed for reading alone."""
FCNTL = {"x86_64": 72, "aarch64": 25}
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH_* of <linux/audit.h>: numbers mean nothing under another architecture's calls."""
WRITING = 0o3 | 0o100 | 0o1000 | 0o2000 | 0o20000000
"""O_ACCMODE, O_CREAT, O_TRUNC, O_APPEND, __O_TMPFILE of <asm-generic/fcntl.h>."""
F_SETOWN, F_SETSIG = 8, 10
"""They make the kernel send signals to others."""

LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
"""BPF: ld absolute word, jump if equal, jump if any bit is set, return (<linux/bpf_common.h>)."""
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
"""SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS."""
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2


ANSWER_BYTES = 4096
"""What may be written to the file that standard output is: the last line, and no flood."""
ESCAPED_BYTES = 12
"""A character of output in JSON, at most: two escapes of a surrogate each."""


class Kept(io.StringIO):
    """What a program prints, of which only the first ``most`` characters are kept."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._left = most

    def write(self, text: str) -> int:
        super().write(text[: self._left])
        self._left -= min(self._left, len(text))
        return len(text)


def instructions(machine: str) -> list[tuple[int, int, int, int]]:
    """The filter: (code, jump if true, jump if false, operand). It sees struct seccomp_data."""
    program = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, AUDIT[machine]), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    for number, argument in OPENING[machine].values():
        # Not this call: over the four that follow. Else its flags decide.
        program += [
            (EQUAL, 0, 4, number),
            (LOAD, 0, 0, 16 + 8 * argument),
            (ANY_BIT, 0, 1, WRITING),
            (RETURN, 0, 0, REFUSE),
            (RETURN, 0, 0, ALLOW),
        ]
    program += [
        (EQUAL, 0, 5, FCNTL[machine]),
        (LOAD, 0, 0, 16 + 8),
        (EQUAL, 2, 0, F_SETOWN),
        (EQUAL, 1, 0, F_SETSIG),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, REFUSE),
    ]
    for number in ALLOWED[machine].values():
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    return [*program, (RETURN, 0, 0, REFUSE)]


def confine(machine: str) -> None:
    """Puts the filter in force, for good. Raises OSError where the kernel has none, KeyError on another machine."""
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions(machine))
    buffer = ctypes.create_string_buffer(code, len(code))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer)))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
    for option, value, more in (
        (PR_SET_NO_NEW_PRIVS, 1, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(header)),
    ):
        if libc.prctl(option, value, more, 0, 0):
            number = ctypes.get_errno()
            raise OSError(number, f"prctl({option}): {errno.errorcode.get(number, number)}")


def limit(cpu_seconds: int, memory_bytes: int, output: int) -> None:
    for what, most in (
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, ANSWER_BYTES + ESCAPED_BYTES * output),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def main() -> None:
    order = json.loads(sys.stdin.readline())
    out = sys.stdout
    code = order["program"]
    # Opened now, since nothing can be opened for writing later.
    null = open(os.devnull, "r+")  # noqa: SIM115
    printed = Kept(order["output"])
    try:
        limit(order["cpu_seconds"], order["memory_bytes"], order["output"])
        confine(platform.machine())
    except (OSError, KeyError, ValueError) as error:
        print(json.dumps({"unconfined": repr(error)}), file=out, flush=True)
        return
    sys.stdin = sys.stderr = null
    sys.stdout = printed
    try:
        exec(compile(code, "answer.py", "exec"), {"__name__": "answer"})
    except BaseException as error:  # SystemExit is a failure too: the tests didn't come to their end
        verdict = {"raised": type(error).__name__, "message": str(error)[:200]}
    else:
        verdict = {"token": order["token"]}
    print(json.dumps({**verdict, "output": printed.getvalue()}), file=out, flush=True)


if __name__ == "__main__":
    main()
