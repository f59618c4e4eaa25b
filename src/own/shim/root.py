"""What modify() is called with: the path that is the image, and the recipe."""

import os

from .channel import Refused, call, text
from .paths import ROOT, locate

# The operations, by how many paths of the image they start with.
OPERATIONS = {
    0: "add_group add_user group groups info os_release user users warn",
    1: "append chmod chown disable edit_line enable exists getxattr glob is_dir is_file is_link"
    " lines list listxattr mask mkdir mknod read read_bytes readlink remove removexattr replace"
    " setxattr stat template truncate unmask utime walk write",
    2: "copy link put rename symlink",
}


class Root(str):
    """The path of the image, with the operations on it as methods."""

    __slots__ = ()

    def path(self, path=""):
        """Returns a path of the image for pathlib: root.path("etc/motd").read_text()"""
        from pathlib import Path

        return Path(ROOT, os.fspath(path).lstrip("/"))


def operation(name, paths):
    """Returns a method for an operation that starts with so many paths."""

    def run(self, *args, **named):
        if name == "replace" and (len(args) < 3 and not named or isinstance(args[2], int)):
            return str.replace(self, *args)  # The text's own, which has no path in front.
        args = [inner(arg) if place < paths else arg for place, arg in enumerate(args)]
        named = {key: inner(arg) if key in PATHS else arg for key, arg in named.items()}
        try:
            answer = call(name, *args, **named)
        except Refused as refused:
            error = refused.plain()
        else:
            if name == "read_bytes":
                return answer if isinstance(answer, bytes) else answer.encode("utf-8")
            return text(answer)
        raise error

    run.__name__ = run.__qualname__ = name
    return run


PATHS = {"path", "from", "to", "existing", "target"}


def inner(path):
    """Returns the path of the image where a path starts with `root`, else the path."""
    return locate(path) or path


for count, names in OPERATIONS.items():
    for each in names.split():
        setattr(Root, each, operation(each, count))


read = set()  # The keys of the recipe that somebody looked at.


class Recipe(dict):
    """The recipe; it notes which keys are read."""

    def __getitem__(self, key):
        read.add(key)
        return dict.__getitem__(self, key)


def of_one(name):
    """Returns a method of dict that reads one key."""

    def run(self, key, *args):
        read.add(key)
        return getattr(dict, name)(self, key, *args)

    return run


def of_all(name):
    """Returns a method of dict that reads all keys."""

    def run(self, *args):
        read.update(dict.keys(self))
        return getattr(dict, name)(self, *args)

    return run


for each in ("__contains__", "get", "pop", "setdefault"):
    setattr(Recipe, each, of_one(each))
for each in ("__iter__", "__eq__", "__repr__", "copy", "items", "keys", "popitem", "values"):
    setattr(Recipe, each, of_all(each))
