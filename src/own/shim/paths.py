"""Which paths are those of the image, and functions that go by that."""

import errno
import os

from .channel import Refused

# `root`, and where the image begins: so deep that a path with `..` that a module normalised by
# itself still starts with the first name, and is taken for what it is: a path of the image.
# os.path.normpath() leaves that name for as many `..` as there are.
MARK = "/.hsb-image"
DEPTH = 16
ROOT = MARK + "/-" * DEPTH

# Descriptors of the image: beyond all that the kernel gives.
FIRST_FD = 1 << 30

host_getcwd = os.getcwd

working = None  # The working directory, when the module went into the image.


def locate(path):
    """Returns the path of the image that a path names, or None if it is one of the machine.

    `..` never leads out of the image: hsb takes it as a system does in its root directory.
    """
    path = inside(path)
    if path is not None and "\0" in path:
        raise ValueError("embedded null byte")
    return path


def inside(path):
    """Does what `locate` does for any text."""
    path = shown(path)
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    elif not isinstance(path, str):
        return None
    if working is not None and path and path[0] != "/":
        path = working + "/" + path
    if MARK[1:] not in path:
        return None
    rest = path[len(ROOT) :]
    if path.startswith(ROOT) and rest[:1] in ("", "/"):
        return rest or "/"
    return climbed(path)


def climbed(path):
    """Returns the path of the image for one that gets there in another way, or None.

    Before the first name may be any way to the root directory of the machine: `//`, `../../..`;
    of what follows, `..` may have taken away all or a part.
    """
    before, _, rest = path.partition(MARK[1:])
    if rest[:1] not in ("", "/") or before[-1:] not in ("", "/"):
        return None
    if os.path.normpath(os.path.join(host_getcwd(), before)).strip("/"):
        return None
    names = rest.split("/")
    depth = 0
    while names and names[0] in ("", ".", "-") and depth <= DEPTH:
        depth += names.pop(0) == "-"
    return "/" + "/".join(names)


def outside(path):
    """Returns the path that leads Python to a path of the image."""
    return ROOT + path if path != "/" else ROOT


def shown(path):
    """Returns a path as exceptions have it: pathlib's as text."""
    return path.__fspath__() if hasattr(path, "__fspath__") else path


def refuse_directories(named):
    """Tells who passes a directory of the image as a descriptor what to do instead."""
    for key in ("dir_fd", "src_dir_fd", "dst_dir_fd"):
        if type(named.get(key)) is int and named[key] >= FIRST_FD:
            why = "%s cannot be a directory of the image; give the whole path" % key
            raise PermissionError(errno.EPERM, why)


class Function:
    """A function that stays one as attribute of a class: pathlib keeps those of os that way."""

    def __init__(self, run, like):
        self.run, self.like = run, like
        self.__name__ = self.__qualname__ = like.__name__
        self.__doc__, self.__module__ = like.__doc__, like.__module__

    def __call__(self, *args, **named):
        return self.run(*args, **named)

    def __repr__(self):
        return repr(self.like)


def by_path(host, image):
    """Returns a function that takes a path, from that of the machine and that of the image."""

    def run(*args, **named):
        path = args[0] if args else named.get("path")
        inside = locate(path)
        if inside is None:
            refuse_directories(named)
            return host(*args, **named)
        if not args:
            del named["path"]
        named.pop("dir_fd", None)  # An absolute path has no use for it.
        try:
            return image(inside, *args[1:], **named)
        except Refused as refused:
            error = refused.at(shown(path))
        raise error

    return Function(run, host)


def by_descriptor(host, files, paths=None):
    """Returns a function that takes a descriptor; `files` acts on an open file of the image.

    With `paths`, for paths of the image, it takes either.
    """
    others = host if paths is None else by_path(host, paths).run

    def run(*args, **named):
        if args and type(args[0]) is int and args[0] >= FIRST_FD:
            return files(*args, **named)
        return others(*args, **named)

    return Function(run, host)


def by_two_paths(host, image):
    """Returns a function for two paths that are both of the machine or both of the image."""

    def run(src, dst, **named):
        old, new = locate(src), locate(dst)
        if old is None and new is None:
            refuse_directories(named)
            return host(src, dst, **named)
        try:
            if old is None or new is None:
                raise Refused(errno.EXDEV)  # So shutil.move copies instead.
            return image(old, new)
        except Refused as refused:
            error = refused.at(shown(src), shown(dst))
        raise error

    return Function(run, host)
