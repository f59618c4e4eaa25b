"""Says whether two tars hold the same: same_tar.py COMPARE-TREE A B. Python's tarfile reads them."""

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

sys.dont_write_bytecode = True
loader = SourceFileLoader("compare_tree", sys.argv[1])
compare_tree = module_from_spec(spec_from_loader("compare_tree", loader))
loader.exec_module(compare_tree)


class Nobody:
    """ACLs have numbers here."""

    def __getitem__(self, kind):
        return {}


def read(path):
    files = compare_tree.read_tar(path, Nobody())
    names = {}
    for name, item in files.items():
        names.setdefault(id(item), []).append(name)
    found = {}
    for name, item in files.items():
        values = dict(vars(item), names=sorted(names[id(item)]))
        values.pop("ids", None)
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
