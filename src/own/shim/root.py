"""What modify() is called with: the path that is the image, and the recipe."""

import os

from .channel import MOST_AT_ONCE, Refused, call
from .guard import mentions
from .operations import ROWS
from .paths import ROOT, locate
from .values import raw, text


class Root(str):
    """The path of the image, with the operations on it as methods."""

    __slots__ = ()

    def path(self, path=""):
        """Returns a path of the image for pathlib: root.path("etc/motd").read_text()"""
        from pathlib import Path

        return Path(ROOT, os.fspath(path).lstrip("/"))


def method(name, help, parameters, paths, returns):
    """Returns a method of `root` that does an operation."""
    places = {parameters.index(parameter) for parameter in paths}
    unpack = raw if returns == "bytes" else text

    def run(self, *args, **named):
        if name == "replace" and not named and (len(args) < 3 or isinstance(args[2], int)):
            return str.replace(self, *args)  # The text's own, which has no path in front.
        args = [inner(arg) if place in places else arg for place, arg in enumerate(args)]
        named = {key: inner(arg) if key in paths else arg for key, arg in named.items()}
        try:
            if "data" in parameters:
                return call_in_pieces(name, dict(zip(parameters, args)), named, args)
            return unpack(call(name, *args, **named))
        except Refused as refused:
            error = refused.plain()
        raise error

    run.__name__ = run.__qualname__ = name
    run.__doc__ = help
    return run


def call_in_pieces(name, given, named, args):
    """Does an operation that takes `data`; what is too much for one request goes in several."""
    given.update(named)
    data = given.get("data")
    if not isinstance(data, (str, bytes, bytearray, memoryview)) or len(data) <= MOST_AT_ONCE:
        return call(name, *args, **named)
    data = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else bytes(data)
    given["data"] = data[:MOST_AT_ONCE]
    call(name, **given)
    for begin in range(MOST_AT_ONCE, len(data), MOST_AT_ONCE):
        piece = data[begin : begin + MOST_AT_ONCE]
        if name == "write_bytes":
            call(name, given["path"], given["offset"] + begin, piece)
        else:
            call("append", given["path"], piece)
    return None


def inner(path):
    """Returns the path of the image where a path starts with `root`; others are such paths."""
    return locate(path) if mentions(path) else path


for row in ROWS:
    setattr(Root, row["name"], method(**row))


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
