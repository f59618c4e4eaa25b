"""Files of the image that are open: descriptors, and what open() returns."""

import errno
import io
import os
from _weakref import ref

from . import channel, tree
from .channel import Refused, call
from .paths import FIRST_FD, locate, outside, shown

# Kept before they are replaced.
host_open, host_close = io.open, os.close

open_files = {}  # By descriptor.

# What is sent is one line of at most 256 MiB, and a third longer than bytes that are no text.
LARGEST = 190 << 20
TOO_LARGE = "a module can write files of up to %d bytes; root.put() takes larger ones" % LARGEST
STILL_OPEN = "an open file of more than %d bytes must be closed before it is removed" % LARGEST

# Files of less bytes are read when they are opened, others as far as they are asked for.
WINDOW = 1 << 20
MOST_AT_ONCE = 16 << 20


def failed(number):
    return OSError(number, os.strerror(number))


class OpenFile:
    """A file of the image that is open, with its content.

    What is written stays here until another request could see it, or the file is closed.
    """

    def __init__(self, path, flags):
        self.path = path  # None when it has no name any more.
        self.name = outside(path)
        self.flags = flags
        self.data = b""  # None when it is left to hsb, which is asked for parts.
        self.window = 0, b""  # Then this is the last part, and where it begins,
        self.added = bytearray()  # this has been written to the end,
        self.end = None  # and this is where that is, if it is known.
        self.place = 0
        self.sent = 0  # How many bytes from the start hsb has.
        self.is_changed = False  # Some of them are others, or no more there.
        self.is_directory = False
        self.stream = None  # A weak reference to what open() returned.

    def reads(self):
        return self.flags & os.O_ACCMODE != os.O_WRONLY

    def writes(self):
        return self.flags & os.O_ACCMODE != os.O_RDONLY

    def content(self, why=TOO_LARGE):
        """Returns all of it, to be changed."""
        if self.data is None:
            if self.size() > LARGEST:
                raise OSError(errno.EFBIG, why, self.name)
            self.data = bytearray(self.part(0, self.size()))
            self.sent = len(self.data)
        return self.data

    def part(self, start, size):
        """Returns bytes of what is left to hsb, as many as there are."""
        at, part = self.window
        if start < at or start + size > at + len(part):
            at, part = start, self.fetch(start, size)
        return part[start - at :][:size]

    def fetch(self, start, size):
        """Returns at least so many bytes, if there are, and keeps the last of them."""
        parts = []
        while True:
            wanted = min(max(size, WINDOW), MOST_AT_ONCE)
            try:
                part = tree.contents(self.path, start, wanted)
            except Refused as refused:
                error = refused.at(self.name)
                raise error from None
            self.window = start, part
            parts.append(part)
            start, size = start + len(part), size - len(part)
            if size <= 0 or len(part) < wanted:
                return b"".join(parts)

    def append(self, piece):
        """Writes to the end of what is left to hsb."""
        if self.end is None:
            self.end = self.size()
        if len(self.added) + len(piece) > MOST_AT_ONCE:
            with channel.lock:
                channel.send_files()
        self.added += piece
        self.end += len(piece)
        self.window = 0, b""
        channel.unsent[self] = None
        return self.end

    def size(self):
        return self.status().st_size if self.data is None else len(self.data)

    def read(self, size, place=None):
        if self.is_directory:
            raise failed(errno.EISDIR)
        if not self.reads():
            raise failed(errno.EBADF)
        start = self.place if place is None else place
        if self.data is None:
            piece = self.part(start, size)
        else:
            piece = bytes(self.data[start : start + size])
        if place is None:
            self.place += len(piece)
        return piece

    def write(self, piece, place=None):
        if not self.writes():
            raise failed(errno.EBADF)
        piece = memoryview(piece).cast("B")
        if self.data is None and self.flags & os.O_APPEND:
            end = self.append(piece)
            self.place = end if place is None else self.place
            return len(piece)
        data = self.content()
        start = self.place if place is None else place
        if self.flags & os.O_APPEND:
            start = len(data)
        if start + len(piece) > LARGEST:
            raise OSError(errno.EFBIG, TOO_LARGE, self.name)
        if start > len(data):
            data.extend(bytes(start - len(data)))
        data[start : start + len(piece)] = piece
        if place is None:
            self.place = start + len(piece)
        self.is_changed |= start < self.sent
        channel.unsent[self] = None
        return len(piece)

    def seek(self, offset, whence=0):
        if whence:
            offset += self.place if whence == 1 else self.size()
        if offset < 0:
            raise failed(errno.EINVAL)
        self.place = offset
        return offset

    def truncate(self, size):
        if not self.writes():
            raise failed(errno.EINVAL)
        if self.path is not None and (self.data is None or size > len(self.data)):
            # Zeros that need not be sent: this may be a swap file.
            call("truncate", self.path, size)
            self.data, self.window, self.end = None, (0, b""), None
            return
        self.data.extend(bytes(max(size - len(self.data), 0)))
        del self.data[size:]
        self.is_changed |= size < self.sent
        channel.unsent[self] = None

    def status(self):
        if self.path is not None:
            return tree.status(self.path)
        told = {"type": "file", "mode": 0o600, "ino": 0, "uid": 0, "gid": 0, "nlink": 0}
        told.update(size=len(self.data), mtime=tree.now, mtime_ns=0, major=0, minor=0)
        return tree.stat_result(**told)

    def send(self):
        """Lets hsb have what is new. Only `channel` calls it, as requests go one by one."""
        del channel.unsent[self]
        if self.path is None:
            return
        try:
            if self.data is None:
                added, self.added = self.added, bytearray()
                channel.ask("append", self.path, added)
                return
            if self.is_changed:
                channel.ask("write", self.path, self.data)
            else:
                channel.ask("append", self.path, self.data[self.sent :])
            self.sent, self.is_changed = len(self.data), False
            return
        except Refused as refused:
            error = refused.at(self.name)
        raise error


def opened(fd):
    """Returns the open file of a descriptor."""
    if fd not in open_files:
        raise failed(errno.EBADF)
    return open_files[fd]


def on_file(act):
    """Returns a function of a descriptor from one of an open file."""
    return lambda fd, *args, **named: act(opened(fd), *args, **named)


def on_path(act):
    """Returns a function of a descriptor from one of a path."""
    return lambda fd, *args, **named: act(opened(fd).path, *args, **named)


def enter(file):
    """Gives an open file a descriptor, the lowest free one."""
    fd = FIRST_FD
    while fd in open_files:
        fd += 1
    open_files[fd] = file
    return fd


def close(fd):
    """os.close for descriptors of the image."""
    file = opened(fd)
    del open_files[fd]
    if file not in open_files.values() and file in channel.unsent:
        with channel.lock:
            channel.send_files()


def open_descriptor(path, flags, mode=0o777):
    """os.open for paths of the image."""
    if flags & getattr(os, "O_TMPFILE", 0) == getattr(os, "O_TMPFILE", 1):
        raise Refused(errno.EOPNOTSUPP)  # So tempfile makes a file with a name.
    file = OpenFile(path, flags)
    create, mode = flags & os.O_CREAT, mode & ~tree.mask & 0o7777
    if create and path.endswith("/"):
        raise Refused(errno.EISDIR)
    if create and flags & os.O_EXCL:
        tree.must_be_free(path)
        call("write", path, "", mode=mode)
        file.data = bytearray()
    elif flags & os.O_NOFOLLOW and call("is_link", path):
        raise Refused(errno.ELOOP)
    elif file.writes() and flags & os.O_TRUNC:
        if create:
            tree.create(path, mode)
        elif not call("is_file", path):
            tree.contents(path, 0, 0)  # Says what is wrong.
        # The old content goes when the new one comes, so what is written again changes nothing.
        file.data, file.is_changed = bytearray(), True
        channel.unsent[file] = None
    else:
        tree.slashed(load)(path, file, mode if create else None)
    if flags & os.O_DIRECTORY and not file.is_directory:
        raise Refused(errno.ENOTDIR)
    return enter(file)


def load(path, file, mode):
    """Reads the content of a file, which is made if there is a mode for it."""
    try:
        appends = file.flags & os.O_APPEND
        part = tree.contents(path, 0, 0 if appends else WINDOW)
        if appends or len(part) == WINDOW:
            file.data, file.window = None, (0, part)
        else:
            file.data, file.sent = bytearray(part) if file.writes() else part, len(part)
    except Refused as refused:
        if refused.number == errno.EISDIR and not file.writes():
            file.is_directory = True
        elif refused.number == errno.ENOENT and mode is not None:
            tree.create(path, mode)
            file.data = bytearray()
        else:
            raise


def unlink(path):
    keep(path)
    tree.unlink(path)
    follow(path, None)


def rename(old, new):
    keep(new)
    tree.rename(old, new)
    follow(new, None)
    follow(old, new)


def below(path):
    """Returns the open files that a path leads to, or that are below it."""
    above = path.rstrip("/") + "/"
    return [f for f in open_files.values() if f.path and (f.path + "/").startswith(above)]


def keep(path):
    """Reads what is still to be read of files that go while they are open."""
    for file in below(path):
        if not file.is_directory:
            file.content(STILL_OPEN)


def follow(old, new):
    """Lets the open files below a path follow it to a new one, or lose their name."""
    for file in below(old):
        if new is None and file.data is None:
            file.data = bytearray()
        file.path = None if new is None else new + file.path[len(old) :]


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
                if self.closefd and open_files.get(self.fd) is self.file:
                    close(self.fd)


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
        close(fd)
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


def close_all():
    """Closes what is still open, as Python does at its end."""
    for file in list(open_files.values()):
        stream = file.stream and file.stream()
        if stream is not None:
            stream.close()
    with channel.lock:
        channel.send_files()
