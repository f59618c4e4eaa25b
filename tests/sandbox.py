#!/usr/bin/env python3
"""Runs a command as somebody who may do nothing.

    sandbox.py COMMAND [ARGUMENT...]

The command gets: uid and gid 65534 without further groups (when started by root; else the user's
own), no capabilities, none to be had again (no_new_privs, empty bounding set), and a seccomp
filter that ends the whole process with SIGSYS on the first system call that mounts, enters or
makes a namespace, changes the root, makes a device node or changes an owner.

Python, because the filter needs prctl with a pointer and the Rust code of this project forbids
`unsafe`. Only the standard library is used.
"""

import ctypes
import os
import platform
import struct
import sys

NOBODY = 65534

# Numbers of the kernel's headers: asm/unistd.h of each architecture, linux/audit.h.
ARCHITECTURES = {
    "x86_64": (0xC000003E, dict(
        mount=165, umount2=166, unshare=272, setns=308, chroot=161, pivot_root=155, mknod=133,
        mknodat=259, chown=92, fchown=93, lchown=94, fchownat=260, clone=56,
        ptrace=101, setuid=105, setgid=106, setreuid=113, setregid=114, setgroups=116,
        setresuid=117, setresgid=119, setfsuid=122, setfsgid=123)),
    "aarch64": (0xC00000B7, dict(
        mount=40, umount2=39, unshare=97, setns=268, chroot=51, pivot_root=41, mknodat=33,
        fchown=55, fchownat=54, clone=220,
        ptrace=117, setregid=143, setgid=144, setreuid=145, setuid=146, setresuid=147,
        setresgid=149, setfsuid=151, setfsgid=152, setgroups=159)),
}
# The newer calls have one number everywhere.
ANYWHERE = dict(open_tree=428, move_mount=429, fsopen=430, fsconfig=431, fsmount=432, fspick=433,
                mount_setattr=442, clone3=435)

# Any of clone's flags CLONE_NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWNS, NEWTIME.
NAMESPACES = 0x7E020080
X32 = 0x40000000

# linux/prctl.h
PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 22, 24, 38, 47
SECCOMP_MODE_FILTER = 2
PR_CAP_AMBIENT_CLEAR_ALL = 4

# linux/bpf_common.h, linux/seccomp.h
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
KILL_PROCESS, ALLOW, FAIL = 0x80000000, 0x7FFF0000, 0x00050000
ENOSYS = 38
# Where struct seccomp_data holds what: the low half of the first argument is enough for flags.
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16

libc = ctypes.CDLL(None, use_errno=True)


def prctl(option, *arguments):
    arguments = [ctypes.c_ulong(n) if isinstance(n, int) else n for n in arguments]
    arguments += [ctypes.c_ulong(0)] * (4 - len(arguments))
    if libc.prctl(option, *arguments) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")


def drop_privileges():
    if os.geteuid() == 0:
        with open("/proc/sys/kernel/cap_last_cap") as file:
            last = int(file.read())
        for capability in range(last + 1):
            prctl(PR_CAPBSET_DROP, capability)
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def check_privileges():
    """Believes the kernel, not the calls above."""
    with open("/proc/self/status") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        if int(status[name], 16) != 0:
            sys.exit(f"sandbox: {name} is {status[name]}, not 0")
    if status["NoNewPrivs"] != "1" or "0" in status["Uid"].split():
        sys.exit(f"sandbox: NoNewPrivs {status['NoNewPrivs']}, Uid {status['Uid']}")


def calls():
    """Returns this machine's number in the audit system and its forbidden system calls."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        sys.exit(f"sandbox: no system call numbers for {machine}; add them to {__file__}")
    audit, numbers = ARCHITECTURES[machine]
    return audit, {**numbers, **ANYWHERE}


def program():
    """Returns the filter as BPF instructions: code, jump if true, jump if false, value."""
    audit, numbers = calls()
    clone, clone3 = numbers.pop("clone"), numbers.pop("clone3")
    kill = (RETURN, 0, 0, KILL_PROCESS)
    code = [(LOAD, 0, 0, ARCHITECTURE), (JUMP_EQUAL, 1, 0, audit), kill, (LOAD, 0, 0, NUMBER)]
    if platform.machine() == "x86_64":
        code += [(JUMP_AT_LEAST, 0, 1, X32), kill]
    for number in numbers.values():
        code += [(JUMP_EQUAL, 0, 1, number), kill]
    # clone3 has its flags in memory, where no filter sees them: without it libc takes clone.
    code += [(JUMP_EQUAL, 0, 1, clone3), (RETURN, 0, 0, FAIL | ENOSYS)]
    code += [(JUMP_EQUAL, 0, 3, clone), (LOAD, 0, 0, FIRST_ARGUMENT),
             (JUMP_ANY_BIT, 0, 1, NAMESPACES), kill]
    return code + [(RETURN, 0, 0, ALLOW)]


def install(code):
    body = b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
    buffer = ctypes.create_string_buffer(body, len(body))

    class Filter(ctypes.Structure):
        _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    filter_program = Filter(len(code), ctypes.addressof(buffer))
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter_program))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    code = program()
    drop_privileges()
    check_privileges()
    install(code)
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
