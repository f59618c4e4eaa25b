"""Files of the image that are open: descriptors."""

import errno
import os

from . import channel, tree
from .channel import Refused, call
from .inode import acquire, release
from .paths import FIRST_FD

open_files = {}  # By descriptor.


def failed(number):
    return OSError(number, os.strerror(number))


class OpenFile:
    """A file of the image as somebody opened it: a place in it, and what may be done there."""

    def __init__(self, flags, inode, is_directory=False):
        self.flags = flags
        self.inode = inode
        self.is_directory = is_directory
        self.place = 0
        self.stream = None  # A weak reference to what open() returned.

    def reads(self):
        return self.flags & os.O_ACCMODE != os.O_WRONLY

    def writes(self):
        return self.flags & os.O_ACCMODE != os.O_RDONLY

    def status(self):
        return self.inode.status()

    def size(self):
        return self.inode.length()

    def read(self, size, place=None):
        if self.is_directory:
            raise failed(errno.EISDIR)
        if not self.reads():
            raise failed(errno.EBADF)
        piece = self.inode.read(self.place if place is None else place, size)
        if place is None:
            self.place += len(piece)
        return piece

    def write(self, piece, place=None):
        if not self.writes():
            raise failed(errno.EBADF)
        piece = memoryview(piece).cast("B")
        start = self.place if place is None else place
        if start < 0:
            raise failed(errno.EINVAL)
        if piece:
            end = self.inode.write(piece, None if self.flags & os.O_APPEND else start)
            self.place = end if place is None else self.place
        return len(piece)

    def seek(self, offset, whence=0):
        if whence not in (0, 1, 2):
            raise failed(errno.EINVAL)
        if whence:
            offset += self.place if whence == 1 else self.size()
        if offset < 0:
            raise failed(errno.EINVAL)
        self.place = offset
        return offset

    def truncate(self, size):
        if not self.writes() or size < 0:
            raise failed(errno.EINVAL)
        self.inode.truncate(size)


def read_parts(file, parts, place=None, flags=0):
    """Fills several buffers."""
    done = 0
    for part in map(memoryview, parts):
        piece = file.read(len(part), None if place is None else place + done)
        part[: len(piece)] = piece
        done += len(piece)
        if len(piece) < len(part):
            break
    return done


def write_parts(file, parts, place=None, flags=0):
    """Writes several buffers."""
    return file.write(b"".join(parts), place)


def opened(fd):
    """Returns the open file of a descriptor."""
    if fd not in open_files:
        raise failed(errno.EBADF)
    return open_files[fd]


def on_file(act):
    """Returns a function of a descriptor from one of an open file."""
    return lambda fd, *args, **named: act(opened(fd), *args, **named)


def on_inode(act):
    """Returns a function of a descriptor from one of a path."""

    def run(fd, *args, **named):
        inode = opened(fd).inode
        try:
            return act(inode.path, *args, **named)
        except Refused as refused:
            error = inode.error(refused, fd)
        raise error

    return run


def enter(file):
    """Gives an open file a descriptor, the lowest free one."""
    with channel.lock:
        fd = FIRST_FD
        while fd in open_files:
            fd += 1
        open_files[fd] = file
        return fd


def close(fd):
    """os.close for descriptors of the image."""
    file = opened(fd)
    del open_files[fd]
    if file not in open_files.values():
        release(file.inode)


def open_descriptor(path, flags, mode=0o777):
    """os.open for paths of the image."""
    if flags & getattr(os, "O_TMPFILE", 0) == getattr(os, "O_TMPFILE", 1):
        raise Refused(errno.EOPNOTSUPP)  # So tempfile makes a file with a name.
    create, mode = flags & os.O_CREAT, mode & ~tree.mask & 0o7777
    writes = flags & os.O_ACCMODE != os.O_RDONLY
    if create and path.endswith("/"):
        raise Refused(errno.EISDIR)
    if create and flags & os.O_EXCL:
        tree.must_be_free(path)
        call("write", path, "", mode=mode)
    elif flags & os.O_NOFOLLOW and call("is_link", path):
        raise Refused(errno.ELOOP)
    elif create and writes and flags & os.O_TRUNC:
        tree.create(path, mode)
    inode, is_directory = tree.slashed(load)(path, writes, mode if create else None)
    file = OpenFile(flags, inode, is_directory)
    if flags & os.O_DIRECTORY and not is_directory:
        release(inode)
        raise Refused(errno.ENOTDIR)
    if writes and flags & os.O_TRUNC:
        # The old content goes when the new one comes, so what is written again changes nothing.
        inode.renew()
    return enter(file)


def load(path, writes, mode):
    """Finds a file, which is made if there is a mode for it; says whether it is a directory."""
    try:
        inode, kind = acquire(path)
    except Refused as refused:
        if refused.number != errno.ENOENT or mode is None:
            raise
        tree.create(path, mode)
        inode, kind = acquire(path)
    if kind != "file" and (writes or kind != "directory"):
        release(inode)
        tree.contents(path, 0, 0)  # Says what is wrong.
    return inode, kind == "directory"


def close_all():
    """Closes what is still open, as Python does at its end."""
    for file in list(open_files.values()):
        stream = file.stream and file.stream()
        if stream is not None:
            stream.close()
    with channel.lock:
        channel.send_files()
