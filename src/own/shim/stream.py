"""What open() returns for files of the image."""

import errno
import io
import os
from _weakref import ref

from . import files
from .channel import Refused
from .files import open_descriptor, opened
from .paths import FIRST_FD, locate, shown

host_open = io.open  # Kept before it is replaced.


class RawFile(io.RawIOBase):
    """The bottom of what open() returns, in place of io.FileIO."""

    def __init__(self, fd, name, mode, closefd):
        self.fd, self.file = fd, opened(fd)
        self.name, self.mode, self.closefd = name, mode, closefd

    def fileno(self):
        self._checkClosed()
        return self.fd

    def isatty(self):
        self._checkClosed()
        return False

    def readable(self):
        self._checkClosed()
        return self.file.reads()

    def writable(self):
        self._checkClosed()
        return self.file.writes()

    def seekable(self):
        self._checkClosed()
        return True

    def readinto(self, buffer):
        if not self.readable():
            raise io.UnsupportedOperation("not readable")
        piece = self.file.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def readall(self):
        if not self.readable():
            raise io.UnsupportedOperation("not readable")
        return self.file.read(max(self.file.size() - self.file.place, 0))

    def write(self, piece):
        if not self.writable():
            raise io.UnsupportedOperation("not writable")
        return self.file.write(piece)

    def seek(self, offset, whence=0):
        self._checkClosed()
        return self.file.seek(offset, whence)

    def tell(self):
        self._checkClosed()
        return self.file.place

    def truncate(self, size=None):
        if not self.writable():
            raise io.UnsupportedOperation("File not open for writing")
        size = self.tell() if size is None else size
        self.file.truncate(size)
        return size

    def close(self):
        if not self.closed:
            try:
                io.RawIOBase.close(self)
            finally:
                if self.closefd and files.open_files.get(self.fd) is self.file:
                    files.close(self.fd)


def open_any(
    file,
    mode="r",
    buffering=-1,
    encoding=None,
    errors=None,
    newline=None,
    closefd=True,
    opener=None,
):
    """open() for paths of the machine and of the image."""
    is_open = isinstance(file, int) and file >= FIRST_FD
    path = None if is_open else locate(file)
    if path is None and not is_open:
        return host_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    flags, is_binary = flags_of(mode)
    if is_binary and (encoding, errors, newline) != (None, None, None):
        raise ValueError("binary mode doesn't take an encoding, errors or newline argument")
    if not is_binary and buffering == 0:
        raise ValueError("can't have unbuffered text I/O")
    name = shown(file)
    try:
        if opener is not None:
            fd = opener(file, flags)
        else:
            fd = file if is_open else open_descriptor(path, flags, 0o666)
    except Refused as refused:
        error = refused.at(name)
        raise error from None
    if opened(fd).is_directory:
        files.close(fd)
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    stream = RawFile(fd, name, mode, closefd)
    if flags & os.O_APPEND:
        stream.seek(0, 2)
    if buffering != 0:
        kinds = {os.O_RDONLY: io.BufferedReader, os.O_WRONLY: io.BufferedWriter}
        buffered = kinds.get(flags & os.O_ACCMODE, io.BufferedRandom)
        stream = buffered(stream, buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE)
    if not is_binary:
        # The locale of the machine has no say in what is in an image.
        stream = io.TextIOWrapper(stream, encoding or "utf-8", errors, newline, buffering == 1)
        stream.mode = mode
    opened(fd).stream = ref(stream)
    return stream


def flags_of(mode):
    """Returns the flags of open(2) for a mode of open(), and whether it is binary."""
    if not isinstance(mode, str):
        raise TypeError("open() argument 'mode' must be str, not %s" % type(mode).__name__)
    letters = set(mode)
    if "U" in letters and letters <= set("rbtU"):
        # Universal newlines, today's default: Python 3.11 took away the letter.
        mode = "r" + mode.replace("U", "").replace("r", "")
        letters = set(mode)
    kinds = letters & set("rwax")
    if letters - set("rwaxbt+") or len(letters) != len(mode):
        raise ValueError("invalid mode: %r" % mode)
    if len(kinds) != 1:
        raise ValueError("must have exactly one of create/read/write/append mode")
    if {"b", "t"} <= letters:
        raise ValueError("can't have text and binary mode at once")
    flags = {
        "r": os.O_RDONLY,
        "w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
        "a": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
        "x": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
    }[kinds.pop()]
    if "+" in letters:
        flags = flags & ~os.O_ACCMODE | os.O_RDWR
    return flags, "b" in letters
