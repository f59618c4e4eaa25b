"""Says whether two tars hold the same: same_tar.py COMPARE-TREE A B [--blocks]. Python's tarfile
reads them. With --blocks, holes are those of whole blocks of 4 KiB: one of the two was on a disk."""

import hashlib
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

sys.dont_write_bytecode = True
loader = SourceFileLoader("compare_tree", sys.argv[1])
compare_tree = module_from_spec(spec_from_loader("compare_tree", loader))
loader.exec_module(compare_tree)


BLOCK = 4096
HAS_BLOCKS = sys.argv[4:] == ["--blocks"]


def digest(file, pieces):
    """Returns the hash of all blocks that are not zero."""
    result = hashlib.blake2b(digest_size=20)
    done = 0
    for at, size in sorted(pieces):
        for block in range(max(at // BLOCK, done), -(-(at + size) // BLOCK)):
            file.seek(block * BLOCK)
            if data := file.read(BLOCK).rstrip(b"\0"):
                result.update(b"%d:" % block + data)
            done = block + 1
    return result.digest()


if HAS_BLOCKS:
    compare_tree.digest = digest


class Nobody:
    """ACLs have numbers here."""

    def __getitem__(self, kind):
        return {}


def read(path):
    files = compare_tree.read_tar(path, Nobody())
    # Of each file the first of its names: those of one file have the same.
    first = {}
    for name, item in files.items():
        first[id(item)] = min(name, first.get(id(item), name))
    found = {}
    for name, item in files.items():
        values = dict(vars(item), first=first[id(item)])
        for key in ["ids"] + ["pieces", "room"] * HAS_BLOCKS:
            values.pop(key, None)
        found[name] = values
    return found


first, second = read(sys.argv[2]), read(sys.argv[3])
for name in sorted(first.keys() | second.keys()):
    a, b = first.get(name), second.get(name)
    if a is None or b is None:
        sys.exit(f"{name!r} is only in {sys.argv[2 if b is None else 3]}")
    for key in a:
        if a[key] != b[key]:
            sys.exit(f"{name!r}: {key} is {a[key]!r:.300} and {b[key]!r:.300}")
print(f"SAME: {len(first)} names")
