"""The conversation with hsb: a line of JSON out, a line back."""

import _signal
import errno
import gc
import os
from _thread import RLock

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
MUCH = 1 << 16  # Bytes of a text.
CONTROLS = bytes(range(9)) + b"\x0b\x0c" + bytes(range(14, 32)) + b"\x7f"
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
    request = {"call": operation, "args": packed(args)}
    if named:
        request["named"] = packed(named)
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


# Values


class Answer(dict):
    """A mapping whose values are also attributes: root.stat("etc").mode"""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def text(value):
    """Returns an answer with names and contents as str, odd bytes as surrogates."""
    kind = type(value)
    if kind is bytes:
        return value.decode("utf-8", "surrogateescape")
    if kind is list:
        return [text(item) for item in value]
    if kind is dict:
        return Answer((key, text(item)) for key, item in value.items())
    return value


def raw(value):
    """Returns an answer as bytes."""
    return value if type(value) is bytes else value.encode("utf-8")


def packed(value):
    """Returns what JSON has for a value: bytes are text if they can be, else base64.

    So is much text that JSON would have in several times as many letters.
    """
    if isinstance(value, str):
        if value.isascii():
            return value
        value = value.encode("utf-8", "surrogateescape")
    elif isinstance(value, (bytes, bytearray, memoryview)):
        value = bytes(value)
    elif isinstance(value, (list, tuple)):
        return [packed(item) for item in value]
    elif isinstance(value, dict):
        return {key: packed(item) for key, item in dict.items(value)}
    else:
        return packed(value.__fspath__()) if hasattr(value, "__fspath__") else value
    # Each NUL would take six letters.
    if b"\0" not in value and (len(value) < MUCH or is_plain(value)):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            pass
    from binascii import b2a_base64

    return {"base64": b2a_base64(value, newline=False).decode("ascii")}


def is_plain(value):
    """Returns whether JSON has bytes in about as many letters."""
    return value.isascii() and len(value.translate(None, CONTROLS)) == len(value)


def unpacked(value):
    """Returns the bytes that an object of JSON stands for, or the object."""
    if len(value) == 1 and type(value.get("base64")) is str:
        from binascii import a2b_base64

        return a2b_base64(value["base64"])
    return value


def codec():
    """Returns functions that make and read JSON: the C parts of `json`, whose import is slow."""
    try:
        import _json

        class Settings:
            strict, parse_float, parse_int, parse_constant = True, float, int, float
            object_hook, object_pairs_hook = staticmethod(unpacked), None

        quote = _json.encode_basestring_ascii
        encode = _json.make_encoder(None, None, quote, None, ":", ",", False, False, False)
        scan = _json.make_scanner(Settings)
        pair = (lambda value: "".join(encode(value, 0)), lambda line: scan(line, 0)[0])
        sample = {"a": [1, None, "\u00fc"], "b": True}
        if pair[1](pair[0](sample)) == sample:
            return pair
    except Exception:  # They are private: another Python may not have them, or not like this.
        pass
    import json

    return json.dumps, lambda line: json.loads(line, object_hook=unpacked)


dumps, loads = codec()
