"""The conversation with hsb: a line of JSON out, a line back."""

import _signal
import errno
import gc
import os
from _thread import RLock

from .values import NoData, dumps, loads, packed

# Kept before they are replaced.
host_read, host_write, host_close = os.read, os.write, os.close

ERRORS = {
    "not_found": errno.ENOENT,
    "exists": errno.EEXIST,
    "not_a_directory": errno.ENOTDIR,
    "is_a_directory": errno.EISDIR,
    "not_empty": errno.ENOTEMPTY,
    "loop": errno.ELOOP,
    "invalid": errno.EINVAL,
}
MOST_AT_ONCE = 16 << 20  # Bytes in a request: a line of 256 MiB may have six letters for each.
LONGEST_NAME = 255
LONGEST_PATH = 4095
ASKED = _signal.SIGXCPU  # hsb asks with it where the module is, before it ends it.

# Operations that change the content of no file.
LEAVING = set(
    "chmod chown copy exists getxattr glob group groups info is_dir is_file is_link lines link list"
    " listxattr mkdir mknod os_release partitions read read_bytes readlink remove removexattr"
    " rename setxattr stat symlink user users utime walk warn".split()
)

lock = RLock()
ends = None  # The descriptors of the two pipes.
inodes = {}  # The open files by their number.
# Those with content that hsb does not have yet; a dict keeps their order.
unsent = {}


class Refused(Exception):
    """hsb does not do it: an errno, and a message that names the path of the image."""

    def __init__(self, number, message=None):
        Exception.__init__(self, message)
        self.number, self.message = number, message

    def plain(self):
        """Returns the exception for methods of `root`."""
        if self.number == errno.EINVAL:
            return ValueError(self.message)
        return OSError(self.number, self.message)

    def at(self, path, other=None):
        """Returns the exception that the functions of Python raise, with the caller's paths."""
        if self.number in (errno.EIO, errno.ENOENT) and not isinstance(path, int):
            path_bytes = os.fsencode(path if other is None else other)
            names = path_bytes.split(b"/")
            if len(path_bytes) > LONGEST_PATH or any(len(name) > LONGEST_NAME for name in names):
                self.number = errno.ENAMETOOLONG
        if self.message and self.number in (errno.EIO, errno.EINVAL):
            return OSError(self.number, self.message)
        return OSError(self.number, os.strerror(self.number), path, None, other)


def start():
    """Takes the pipes away from print() and from programs that the module starts."""
    global ends
    ends = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    host_close(nothing)


def leave():
    """In a forked process: the conversation is its parent's."""
    global ends, lock
    for end in ends or ():
        host_close(end)
    ends, lock = None, RLock()
    unsent.clear()
    _signal.signal(ASKED, _signal.SIG_DFL)


def call(operation, *args, **named):
    """Does one operation of the API and returns its answer, text and bytes as they come."""
    with lock:
        send_files()
        try:
            return ask(operation, *args, **named)
        finally:
            if operation not in LEAVING:
                for inode in inodes.values():
                    inode.forget()


def send_files():
    """Sends what has been written, in order. Only for one who has the lock, as `ask`."""
    while unsent:
        next(iter(unsent)).send()


def ask(operation, *args, **named):
    """Does one operation, without what comes before it."""
    if ends is None:
        raise PermissionError(errno.EPERM, "the image belongs to the process that forked this one")
    places = enumerate(args, 1)
    request = {"call": operation}
    request["args"] = [value_of(operation, "argument %d", at, arg) for at, arg in places]
    if named:
        pairs = named.items()
        request["named"] = {key: value_of(operation, "`%s`", key, arg) for key, arg in pairs}
    # What the collector finalises may itself turn to hsb, which must not happen in between.
    collects = gc.isenabled()
    gc.disable()
    try:
        send(request)
        answer = receive()
    finally:
        if collects:
            gc.enable()
    if "ok" in answer:
        return answer["ok"]
    error = answer["error"]
    raise Refused(ERRORS.get(error["kind"], errno.EIO), error["message"])


def value_of(operation, label, place, argument):
    """Returns what JSON has for an argument."""
    try:
        return packed(argument)
    except NoData as error:
        message = "%s: %s: %s" % (operation, label % place, error)
    raise Refused(errno.EINVAL, message)


def send(message):
    """Writes one line."""
    line = memoryview(dumps(message).encode("ascii") + b"\n")
    while line:
        line = line[host_write(ends[1], line) :]


def interrupt(message):
    """Writes one line, in the middle of another if it must be."""
    line = dumps(message).encode("ascii")
    host_write(ends[1], b"\n" + line + b"\n")


def receive():
    """Reads one line; as hsb only answers, no more than that can be there."""
    pieces = []
    while not pieces or not pieces[-1].endswith(b"\n"):
        pieces.append(host_read(ends[0], 1 << 20))
        if not pieces[-1]:  # hsb is gone: nothing is left to do.
            os._exit(1)
    return loads(b"".join(pieces).decode("utf-8"))
