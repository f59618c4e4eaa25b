"""What is in the files of the image that are open, for all who have one open."""

from . import channel, tree
from .channel import MOST_AT_ONCE, Refused, call
from .paths import outside
from .values import raw

# Files are read in parts of so many bytes, or of as many as somebody asks for.
WINDOW = 1 << 20
# New content goes at once if it can: then a file that has it already is left as it is.
MOST_NEW = 32 << 20


class Inode:
    """A file, whatever its names are.

    What is written stays here until another request could see it, or the file is closed.
    """

    def __init__(self, number, size, opened):
        self.number = number
        self.path = {"ino": number}  # It stands in place of a path.
        self.opened = opened  # The path that led to it, for errors.
        self.users = 0
        self.size = size  # None when it must be asked for.
        self.written, self.place = bytearray(), 0  # What hsb does not have, and where it goes.
        self.is_new = False  # Whether all that hsb has goes when that comes.
        self.forget_part()

    def forget(self):
        """Something else may have changed the file."""
        self.size = None
        self.forget_part()

    def forget_part(self):
        self.part, self.start = bytearray(), 0  # The part that is known, and where it begins.
        self.is_last = False  # Whether the file ends with it.

    def call(self, operation, *args):
        """Does an operation on the file."""
        try:
            return call(operation, self.path, *args)
        except Refused as refused:
            error = self.error(refused)
        raise error

    def error(self, refused, fd=None):
        """Returns the exception for those who know the file by its path, or by a descriptor."""
        if refused.message:
            refused.message = refused.message.replace("inode %d" % self.number, self.opened)
        return refused.at(outside(self.opened) if fd is None else fd)

    def status(self):
        found = tree.stat_result(**self.call("stat"))
        self.size = found.st_size
        return found

    def length(self):
        return self.status().st_size if self.size is None else self.size

    def read(self, at, size):
        """Returns bytes from a place on, as many as there are."""
        with channel.lock:
            begin, known = at - self.start, len(self.part)
            if begin >= 0 and (self.is_last or begin + size <= known):
                return bytes(self.part[begin : begin + size])
            return self.fetch(at, size)

    def fetch(self, at, size):
        """Asks for bytes, and keeps the last of them."""
        pieces, left = [], size
        while True:
            wanted = min(max(left, WINDOW), MOST_AT_ONCE)
            part = raw(self.call("read_bytes", at, wanted))
            self.part, self.start, self.is_last = bytearray(part), at, len(part) < wanted
            pieces.append(part)
            at, left = at + len(part), left - len(part)
            if left <= 0 or self.is_last:
                return b"".join(pieces)[:size]

    def write(self, data, at=None):
        """Puts bytes at a place, or at the end; returns where they end."""
        with channel.lock:
            at = self.length() if at is None else at
            for begin in range(0, len(data), MOST_AT_ONCE):
                self.put(data[begin : begin + MOST_AT_ONCE], at + begin)
            return at + len(data)

    def put(self, data, at):
        end = at + len(data)
        begin, most = at - self.place, MOST_NEW if self.is_new else MOST_AT_ONCE
        if not 0 <= begin <= len(self.written) or begin + len(data) > most:
            if self in channel.unsent:
                channel.send_files()
            self.place, begin = at, 0
        self.written[begin : begin + len(data)] = data
        begin, known = at - self.start, len(self.part)
        if 0 <= begin <= known and begin + len(data) <= MOST_AT_ONCE:
            self.part[begin : begin + len(data)] = data
        elif begin + len(data) > 0 and (begin <= known or self.is_last):
            self.forget_part()
        if self.size is not None:
            self.size = max(self.size, end)
        channel.unsent[self] = None

    def renew(self):
        """Takes all content away."""
        with channel.lock:
            self.written, self.place, self.is_new = bytearray(), 0, True
            self.part, self.start, self.is_last, self.size = bytearray(), 0, True, 0
            channel.unsent[self] = None

    def truncate(self, size):
        with channel.lock:
            if size == self.length():
                return
            if self.is_new and size < len(self.written):
                del self.written[size:]
            else:
                self.call("truncate", size)
            self.size = size
            if size < self.start:
                self.forget_part()
            elif size <= self.start + len(self.part):
                del self.part[size - self.start :]
                self.is_last = True
            else:
                self.is_last = False

    def send(self):
        """Lets hsb have what is new. Only `channel` calls it, as requests go one by one."""
        del channel.unsent[self]
        written, self.written, is_new, self.is_new = self.written, bytearray(), self.is_new, False
        try:
            if is_new:
                channel.ask("write", self.path, written)
            else:
                channel.ask("write_bytes", self.path, self.place, written)
            return
        except Refused as refused:
            error = self.error(refused)
        raise error


def acquire(path):
    """Returns the inode that a path leads to, and what it is, to somebody who has it open."""
    with channel.lock:
        found = call("stat", path)
        number = found["ino"]
        inode = channel.inodes.get(number)
        if inode is None:
            inode = channel.inodes[number] = Inode(number, found["size"], path)
        inode.users += 1
        return inode, found["type"]


def release(inode):
    """Takes back what `acquire` returned."""
    with channel.lock:
        inode.users -= 1
        if inode.users == 0:
            del channel.inodes[inode.number]
        if inode in channel.unsent:
            channel.send_files()
