"""What the functions of os do for paths of the image, by what hsb offers."""

import errno
import os
import stat

from .channel import Refused, call
from .values import raw, text

TYPES = {
    "file": stat.S_IFREG,
    "directory": stat.S_IFDIR,
    "symlink": stat.S_IFLNK,
    "char": stat.S_IFCHR,
    "block": stat.S_IFBLK,
    "fifo": stat.S_IFIFO,
    "socket": stat.S_IFSOCK,
}
DEVICE = 0x687362  # The device number of the image, for os.path.samefile.
MOST_LINKS = 40
NANO = 1000000000

now = 0  # What SOURCE_DATE_EPOCH says: seconds since 1970.
mask = 0o022  # As os.umask has it.


def slashed(act):
    """Returns a function for which `a/` must be a directory, and is followed if it is a link."""

    def run(path, *args, **named):
        bare = path if type(path) is dict else path.rstrip("/")  # An open file has a number.
        if bare and bare != path:
            if kind(bare, follow=True) != "directory":
                raise Refused(errno.ENOTDIR)
            path = resolve(bare) if kind(bare) == "symlink" else bare
        return act(path, *args, **named)

    return run


@slashed
def status(path, *, follow_symlinks=True):
    """Does what os.stat does."""
    # Without `follow` where it is the default: this is called most.
    answer = call("stat", path) if follow_symlinks else call("stat", path, follow=False)
    return stat_result(**answer)


def stat_result(*, type, mode, ino, uid, gid, size, mtime, mtime_ns, nlink, major, minor, **_):
    """Returns what hsb tells of a file in the form of os.stat."""
    extra = {"st_blksize": 4096, "st_blocks": (size + 511) // 512}
    extra["st_rdev"] = os.makedev(major, minor)
    for name in ("st_atime", "st_mtime", "st_ctime"):
        extra[name], extra[name + "_ns"] = mtime + mtime_ns / NANO, mtime * NANO + mtime_ns
    fields = (TYPES[type] | mode, ino, DEVICE, nlink, uid, gid, size, mtime, mtime, mtime)
    return os.stat_result(fields, extra)


@slashed
def lstat(path):
    return status(path, follow_symlinks=False)


def kind(path, follow=False):
    """Returns what is at a path, in hsb's words."""
    return call("stat", path, follow=follow)["type"]


def lexists(path):
    """Returns whether a name is taken, be it by a link to nowhere."""
    return call("is_link", path) or call("exists", path)


def must_be_free(path):
    """hsb itself leaves what is there already as it was asked for."""
    if lexists(path):
        raise Refused(errno.EEXIST)


def access(path, mode, *, effective_ids=False, follow_symlinks=True):
    try:
        found = status(path, follow_symlinks=follow_symlinks)
    except Refused:
        return False
    # Root may do all but execute what nobody may.
    runs = stat.S_ISDIR(found.st_mode) or found.st_mode & 0o111
    return bool(not mode & os.X_OK or runs)


def contents(path, start, size):
    """Returns bytes of a file, as many as there are."""
    return raw(call("read_bytes", path, start, size))


def create(path, mode):
    """Makes an empty file, or leaves what is there."""
    if mode == 0o644 or call("exists", path):
        call("append", path, "")
    else:
        call("write", path, "", mode=mode)


def mkdir(path, mode=0o777):
    path = path.rstrip("/") or "/"
    must_be_free(path)
    call("mkdir", path, mode=mode & ~mask & 0o1777, parents=False, exist_ok=False)


def unlink(path):
    bare = path.rstrip("/") or "/"
    if kind(bare) == "directory":
        raise Refused(errno.EISDIR)
    if bare != path:
        raise Refused(errno.ENOTDIR)
    call("remove", path)


def rmdir(path):
    path = path.rstrip("/")
    if not path:
        raise Refused(errno.EBUSY)
    if kind(path) != "directory":
        raise Refused(errno.ENOTDIR)
    call("remove", path)


def rename(old, new):
    is_directory = kind(old) == "directory"
    if not is_directory and (old.endswith("/") or new.endswith("/")):
        raise Refused(errno.ENOTDIR)
    try:
        call("rename", old, new)
    except Refused as refused:
        if is_directory and (resolve(new) + "/").startswith(resolve(old) + "/"):
            raise Refused(errno.EINVAL) from None
        if refused.number != errno.EEXIST:
            raise
        # Only one of the two is a directory.
        raise Refused(errno.ENOTDIR if is_directory else errno.EISDIR) from None


@slashed
def link(old, new):
    must_be_free(new)
    if kind(old) == "directory":
        raise Refused(errno.EPERM)
    call("link", old, new)


def symlink(target, path):
    must_be_free(path)
    call("symlink", target, path)


@slashed
def readlink(path):
    if kind(path) != "symlink":
        raise Refused(errno.EINVAL)
    return text(call("readlink", path))


@slashed
def listdir(path):
    return text(call("list", path))


def mknod(path, mode=0o600, device=0):
    must_be_free(path)
    wanted, mode = stat.S_IFMT(mode) or stat.S_IFREG, mode & ~mask & 0o7777
    name = {number: name for name, number in TYPES.items()}.get(wanted)
    if name == "file":
        call("write", path, "", mode=mode)
    elif name in ("char", "block"):
        major, minor = os.major(device), os.minor(device)
        call("mknod", path, name, major=major, minor=minor, mode=mode)
    elif name in ("fifo", "socket"):
        call("mknod", path, name, mode=mode)
    else:
        raise Refused(errno.EPERM)


def mkfifo(path, mode=0o666):
    mknod(path, stat.S_IFIFO | mode)


@slashed
def chmod(path, mode, *, follow_symlinks=True):
    if not follow_symlinks and call("is_link", path):
        raise NotImplementedError("chmod: a symbolic link has no mode of its own")
    call("chmod", path, mode & 0o7777)


@slashed
def chown(path, uid, gid, *, follow_symlinks=True):
    owner = {"user": uid, "group": gid}
    for part, number in owner.items():
        if not isinstance(number, int):
            wrong = type(number).__name__
            raise TypeError("os.chown: %s %r is %s; root.chown takes names" % (part, number, wrong))
    owner = {part: number for part, number in owner.items() if number != -1}
    call("chown", path, follow=follow_symlinks, **owner)


def lchown(path, uid, gid):
    chown(path, uid, gid, follow_symlinks=False)


@slashed
def utime(path, times=None, *, ns=None, follow_symlinks=True):
    if times is not None and ns is not None:
        raise ValueError("utime: you may specify either 'times' or 'ns' but not both")
    if ns is not None:
        seconds, nanoseconds = divmod(ns[1], NANO)
    elif times is not None:
        seconds = int(times[1] // 1)
        nanoseconds = int((times[1] - seconds) * NANO)
    else:
        # The time of the build: the clock would make every image another one.
        seconds, nanoseconds = now, 0
    call("utime", path, seconds, mtime_ns=nanoseconds, follow=follow_symlinks)


@slashed
def truncate(path, length):
    if kind(path, follow=True) == "directory":
        raise Refused(errno.EISDIR)
    call("truncate", path, length)


@slashed
def listxattr(path, *, follow_symlinks=True):
    return text(call("listxattr", path, follow=follow_symlinks))


def must_have(path, name, follow):
    if name not in listxattr(path, follow_symlinks=follow):
        raise Refused(errno.ENODATA)


@slashed
def getxattr(path, attribute, *, follow_symlinks=True):
    name = os.fsdecode(attribute)
    must_have(path, name, follow_symlinks)
    return raw(call("getxattr", path, name, follow=follow_symlinks))


@slashed
def setxattr(path, attribute, value, flags=0, *, follow_symlinks=True):
    name = os.fsdecode(attribute)
    if flags & os.XATTR_REPLACE:
        must_have(path, name, follow_symlinks)
    if flags & os.XATTR_CREATE and name in listxattr(path, follow_symlinks=follow_symlinks):
        raise Refused(errno.EEXIST)
    call("setxattr", path, name, value, follow=follow_symlinks)


@slashed
def removexattr(path, attribute, *, follow_symlinks=True):
    name = os.fsdecode(attribute)
    must_have(path, name, follow_symlinks)
    call("removexattr", path, name, follow=follow_symlinks)


def resolve(path, strict=False):
    """Returns a path without links, which are followed inside the image."""
    todo, done, links = path.split("/")[::-1], [], 0
    while todo:
        name = todo.pop()
        if name in ("", "."):
            continue
        if name == "..":
            del done[-1:]
            continue
        here = "/" + "/".join(done + [name])
        try:
            is_link = kind(here) == "symlink"
        except Refused:
            if strict:
                raise
            is_link = False
        links += is_link
        if is_link and links <= MOST_LINKS:
            target = text(call("readlink", here))
            if target.startswith("/"):
                done = []
            todo.extend(target.split("/")[::-1])
        elif is_link and strict:
            raise Refused(errno.ELOOP)
        else:
            done.append(name)
    return "/" + "/".join(done)


class DirEntry:
    """A name that os.scandir finds, in place of os.DirEntry."""

    def __init__(self, directory, name):
        self.name, self.path = name, os.path.join(directory, name)
        self.known = {}

    def stat(self, *, follow_symlinks=True):
        if False not in self.known:
            self.known[False] = os.lstat(self.path)
        if not follow_symlinks or not stat.S_ISLNK(self.known[False].st_mode):
            return self.known[False]
        if True not in self.known:
            self.known[True] = os.stat(self.path)
        return self.known[True]

    def mode(self, follow_symlinks):
        try:
            return self.stat(follow_symlinks=follow_symlinks).st_mode
        except FileNotFoundError:
            return 0

    def is_dir(self, *, follow_symlinks=True):
        return stat.S_ISDIR(self.mode(follow_symlinks))

    def is_file(self, *, follow_symlinks=True):
        return stat.S_ISREG(self.mode(follow_symlinks))

    def is_symlink(self):
        return stat.S_ISLNK(self.mode(False))

    def is_junction(self):
        return False

    def inode(self):
        return self.stat(follow_symlinks=False).st_ino

    def __fspath__(self):
        return self.path

    def __repr__(self):
        return "<DirEntry %r>" % self.name


class Scan:
    """What os.scandir returns."""

    def __init__(self, directory, names):
        self.entries = (DirEntry(directory, name) for name in names)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.entries)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.entries = iter(())
