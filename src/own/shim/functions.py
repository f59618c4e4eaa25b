"""Puts functions for all paths in the place of those that know the machine alone."""

import builtins
import errno
import io
import os

from . import channel, files, guard, paths, stream, tree
from .channel import Refused
from .files import OpenFile, on_file, on_inode
from .paths import FIRST_FD, MARK, Function, by_descriptor, by_path, by_two_paths, locate, outside
from .paths import refuse_directories, shown

BY_PATH = {
    "access": tree.access,
    "lchown": tree.lchown,
    "lstat": tree.lstat,
    "mkdir": tree.mkdir,
    "mkfifo": tree.mkfifo,
    "mknod": tree.mknod,
    "open": files.open_descriptor,
    "remove": tree.unlink,
    "rmdir": tree.rmdir,
    "unlink": tree.unlink,
}
BY_TWO_PATHS = {"link": tree.link, "rename": tree.rename, "replace": tree.rename}
BY_EITHER = {
    "chmod": (tree.chmod, on_inode(tree.chmod)),
    "chown": (tree.chown, on_inode(tree.chown)),
    "getxattr": (tree.getxattr, on_inode(tree.getxattr)),
    "listdir": (tree.listdir, on_inode(tree.listdir)),
    "listxattr": (tree.listxattr, on_inode(tree.listxattr)),
    "removexattr": (tree.removexattr, on_inode(tree.removexattr)),
    "setxattr": (tree.setxattr, on_inode(tree.setxattr)),
    "stat": (tree.status, on_file(OpenFile.status)),
    "truncate": (tree.truncate, on_file(OpenFile.truncate)),
    "utime": (tree.utime, on_inode(tree.utime)),
}
BY_DESCRIPTOR = {
    "close": files.close,
    "dup": on_file(files.enter),
    "fchmod": on_inode(tree.chmod),
    "fchown": on_inode(tree.chown),
    "fdatasync": on_file(lambda file: None),
    "fstat": on_file(OpenFile.status),
    "fsync": on_file(lambda file: None),
    "ftruncate": on_file(OpenFile.truncate),
    "get_inheritable": on_file(lambda file: False),
    "isatty": on_file(lambda file: False),
    "lseek": on_file(OpenFile.seek),
    "posix_fallocate": on_file(lambda file, at, n: file.truncate(max(at + n, file.size()))),
    "posix_fadvise": on_file(lambda file, *advice: None),
    "pread": on_file(OpenFile.read),
    "preadv": on_file(files.read_parts),
    "pwrite": on_file(OpenFile.write),
    "pwritev": on_file(files.write_parts),
    "read": on_file(OpenFile.read),
    "readv": on_file(files.read_parts),
    "set_inheritable": on_file(lambda file, inheritable: None),
    "write": on_file(OpenFile.write),
    "writev": on_file(files.write_parts),
}
REFUSED = {
    "chroot": guard.UNSEEN % "a process in it",
    "dup2": "os.dup2 cannot give a file of the image a number; os.dup finds one",
    "fpathconf": "the image has no limits before it is written",
    "fstatvfs": "the image has no size before it is written",
    "pathconf": "the image has no limits before it is written",
    "splice": "os.splice does not know the image; shutil.copyfileobj does",
    "statvfs": "the image has no size before it is written",
}


def replace():
    """Puts all functions in their place."""
    builtins.open = io.open = Function(stream.open_any, io.open)
    tables = (
        (BY_PATH, by_path),
        (BY_TWO_PATHS, by_two_paths),
        (BY_EITHER, lambda host, pair: by_descriptor(host, pair[1], pair[0])),
        (BY_DESCRIPTOR, by_descriptor),
    )
    for table, divide in tables:
        for name, image in table.items():
            if hasattr(os, name):  # macOS lacks some.
                setattr(os, name, divide(getattr(os, name), image))
    for name, message in REFUSED.items():
        if hasattr(os, name):
            setattr(os, name, guard.refuse(getattr(os, name), message))
    for replace_some in (
        replace_listing,
        replace_links,
        replace_names,
        replace_directory,
        replace_process,
    ):
        replace_some()
    # shutil asks before it leaves links alone.
    os.supports_follow_symlinks.update((os.stat, os.chown, os.utime, os.link, os.access))


def typed(path, names):
    """Returns names as bytes where the path is."""
    return [os.fsencode(name) for name in names] if isinstance(path, bytes) else names


def replace_listing():
    lists, host_scandir, host_fwalk = os.listdir, os.scandir, os.fwalk

    def listdir(path="."):
        path = "." if path is None else path
        return typed(shown(path), lists(path))

    def scandir(path="."):
        path = "." if path is None else path
        if locate(path) is None:
            return host_scandir(path)
        return tree.Scan(shown(path), listdir(path))

    def fwalk(top=".", *args, **named):
        if locate(top) is not None:
            raise PermissionError(errno.EPERM, "os.fwalk does not know the image; os.walk does")
        return host_fwalk(top, *args, **named)

    os.listdir, os.scandir = Function(listdir, lists), Function(scandir, host_scandir)
    os.fwalk = fwalk


def replace_links():
    host_symlink, host_realpath = os.symlink, os.path.realpath
    target_of = by_path(os.readlink, tree.readlink)

    def readlink(path, **named):
        return typed(shown(path), [target_of(path, **named)])[0]

    def symlink(src, dst, target_is_directory=False, **named):
        path = locate(dst)
        if path is None:
            refuse_directories(named)
            return host_symlink(src, dst, target_is_directory, **named)
        target = os.fsdecode(src)
        if "\0" in target:
            raise ValueError("embedded null byte")
        try:
            if not target:
                raise Refused(errno.ENOENT)
            # A target that starts with root is meant as the booted image sees it.
            tree.symlink(locate(target) or target if target[0] == "/" else target, path)
            return None
        except Refused as refused:
            error = refused.at(shown(src), shown(dst))
        raise error

    def realpath(filename, **named):
        path = locate(filename)
        if path is None:
            return host_realpath(filename, **named)
        try:
            found = outside(tree.resolve(path, bool(named.get("strict"))))
            return typed(shown(filename), [found])[0]
        except Refused as refused:
            error = refused.at(shown(filename))
        raise error

    os.symlink, os.readlink = Function(symlink, host_symlink), Function(readlink, target_of.like)
    os.path.realpath = Function(realpath, host_realpath)


def replace_names():
    host_join, host_normpath = os.path.join, os.path.normpath

    def join(first, *others):
        joined = host_join(first, *others)
        if guard.mentions(first) and not guard.mentions(joined):
            guard.warn_of_join(others, joined)
        return joined

    def normpath(path):
        found = host_normpath(path)
        has_left = paths.inside(path) is not None and paths.inside(found) is None
        if has_left and found[:1] in ("/", b"/"):
            # Above the root directory of the image is that of the image.
            found = typed(found, [MARK])[0] + found
        return found

    os.path.join = Function(join, host_join)
    os.path.normpath = Function(normpath, host_normpath)


def replace_directory():
    host_chdir, host_getcwd, host_umask = os.chdir, os.getcwd, os.umask

    def chdir(path):
        inside = locate(path)
        if inside is None:
            host_chdir(path)
            paths.working = None
            return
        try:
            if tree.kind(inside, follow=True) != "directory":
                raise Refused(errno.ENOTDIR)
            paths.working = outside(tree.resolve(inside))
            return
        except Refused as refused:
            error = refused.at(shown(path))
        raise error

    def getcwd():
        return host_getcwd() if paths.working is None else paths.working

    def umask(new):
        host_umask(new)
        old, tree.mask = tree.mask, new & 0o777
        return old

    host_umask(tree.mask)
    os.chdir, os.umask = Function(chdir, host_chdir), Function(umask, host_umask)
    os.getcwd = Function(getcwd, host_getcwd)
    os.getcwdb = Function(lambda: os.fsencode(getcwd()), os.getcwdb)


def replace_process():
    host_sendfile, host_spawn = getattr(os, "sendfile", None), os._spawnvef
    host_copy = getattr(os, "copy_file_range", None)

    def sendfile(out_fd, in_fd, offset, count, **named):
        if max(out_fd, in_fd) < FIRST_FD:
            return host_sendfile(out_fd, in_fd, offset, count, **named)
        if offset is None:
            return os.write(out_fd, os.read(in_fd, count))
        return os.write(out_fd, os.pread(in_fd, min(count, 1 << 20), offset))

    def copy_file_range(src, dst, count, offset_src=None, offset_dst=None):
        if max(src, dst) < FIRST_FD:
            return host_copy(src, dst, count, offset_src, offset_dst)
        count = min(count, 1 << 20)
        piece = os.read(src, count) if offset_src is None else os.pread(src, count, offset_src)
        return os.write(dst, piece) if offset_dst is None else os.pwrite(dst, piece, offset_dst)

    def spawn(mode, file, args, env, func):
        # Past the fork nobody would hear why it fails.
        guard.watch("os.exec", (file, args, env))
        return host_spawn(mode, file, args, env, func)

    if host_sendfile is not None:
        os.sendfile = Function(sendfile, host_sendfile)
    if host_copy is not None:
        os.copy_file_range = Function(copy_file_range, host_copy)
    os._spawnvef = spawn
    # A module is root in the image, whoever builds it.
    for name in ("getuid", "geteuid", "getgid", "getegid"):
        setattr(os, name, Function(lambda: 0, getattr(os, name)))
    os.register_at_fork(after_in_child=channel.leave)
