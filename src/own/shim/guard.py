"""Says what to do instead, when something would miss the image."""

import errno
import os
import sys

from . import paths
from .channel import call
from .paths import FIRST_FD, MARK, shown

UNSEEN = (
    "the image is in the memory of hsb, where %s cannot see it; open(), os, shutil and pathlib"
    " can, and so can root.read() and root.write()"
)

# Events of sys.addaudithook.
PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "pty.spawn"}
# These open files by themselves.
OPENERS = {"open", "sqlite3.connect", "mmap.__new__", "ctypes.dlopen"}
# The place of the path that they change.
CHANGES = {
    "open": 0,
    "os.chmod": 0,
    "os.chown": 0,
    "os.link": 1,
    "os.mkdir": 0,
    "os.remove": 0,
    "os.rename": 1,
    "os.rmdir": 0,
    "os.symlink": 1,
    "os.truncate": 0,
    "os.utime": 0,
}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
SYSTEM = {"bin", "boot", "etc", "lib", "lib32", "lib64", "opt", "sbin", "srv", "usr", "var"}

project = os.getcwd()
folder = None  # Of the module.
warned = set()


def watch(event, args):
    """Raises what the module is told of an event."""
    if event in PROGRAMS:
        if event == "subprocess.Popen" and args[3] is None:
            args = (args, dict(os.environ))
        if paths.working is not None or mentions(args):
            raise PermissionError(errno.EPERM, UNSEEN % "another program")
    elif event in OPENERS and mentions(args):
        raise PermissionError(errno.EPERM, UNSEEN % ("what opens files by itself (%s)" % event))
    if event in CHANGES and not (event == "open" and not args[2] & WRITES):
        path = args[CHANGES[event]]
        if isinstance(path, (str, bytes)) and is_system(os.fsdecode(path)):
            message = "%r is of the system that builds: a path of the image starts with root"
            raise PermissionError(errno.EPERM, message % path)


def mentions(value):
    """Returns whether a path or descriptor of the image is in a value."""
    value = shown(value)
    if isinstance(value, str):
        return MARK in value
    if isinstance(value, (bytes, bytearray)):
        return MARK.encode() in value
    if isinstance(value, dict):
        return any(mentions(item) for pair in value.items() for item in pair)
    if isinstance(value, (list, tuple)):
        return any(mentions(item) for item in value)
    return type(value) is int and FIRST_FD <= value < FIRST_FD + (1 << 20)


def refuse(host, message):
    """Returns a function that is for the machine alone, and says so when it is given the image."""

    def run(*args, **named):
        if mentions(args) or paths.locate(args[0] if args else named.get("path")) is not None:
            raise PermissionError(errno.EPERM, message)
        return host(*args, **named)

    return paths.Function(run, host)


def is_system(path):
    """Returns whether a path leads where no module has business.

    That is how the classic mistake ends, os.path.join(root, "/etc/motd"): it is "/etc/motd". A
    project that lies in such a folder itself is spared.
    """
    first = path.strip("/").partition("/")[0]
    if path[:1] != "/" or first not in SYSTEM or first == project[1:].partition("/")[0]:
        return False
    spared = "/var/tmp/", os.path.dirname(os.environ.get("TMPDIR", "/tmp") + "/") + "/"
    return not (path + "/").startswith(spared)


def warn_of_join(others, joined):
    """Tells the user of os.path.join(root, "/etc/motd"), with the line that has it."""
    absolute = [shown(other) for other in others if shown(other)[:1] in ("/", b"/")][-1]
    message = "os.path.join(root, %r) is %r, a path of this machine: leave out the leading /"
    message %= absolute, joined
    frame = sys._getframe(1)
    while frame is not None and not is_own(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is not None:
        message = "%s:%d: %s" % (near(frame.f_code.co_filename), frame.f_lineno, message)
    if message not in warned:
        warned.add(message)
        call("warn", message)


def is_own(file):
    """Returns whether a file of Python code is the module's, or one beside it."""
    return file.startswith((project + "/", folder + "/"))


def near(file):
    """Returns a file's name as the user knows it: from the recipe's folder."""
    return file[len(project) + 1 :] if file.startswith(project + "/") else file
