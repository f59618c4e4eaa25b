"""What python3 runs for a module: it makes hsb's image in memory look like a folder.

    python3 -I -S -B -c SHIM run MODULE.py          calls its modify(name, root, cfg)
    python3 -I -S -B -c SHIM describe MODULE.py     prints its MODULE as JSON, without running it

`root` is a path that does not exist. The functions of Python that take paths are replaced by ones
that turn to hsb, over a pipe, when a path is below it; all other paths are those of the machine.
So a module that was written for a mounted image runs as it is.

SHIM is this file after a line that sets SOURCES, the text of the files beside it by their names.
It is for Python 3.8 and later, and imports little, as each step of a build waits for it.
"""

import sys

PACKAGE = "hsb_shim"


class Sources:
    """Imports the parts of the shim from their texts, as they are needed."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        package, _, part = name.partition(".")
        if package != PACKAGE or part and part not in SOURCES:
            return None
        return type(sys.__spec__)(name, Sources, is_package=not part)

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        part = module.__name__.partition(".")[2]
        exec(compile(SOURCES.get(part, ""), "<hsb>", "exec"), module.__dict__)


if sys.version_info < (3, 8):
    version = "%d.%d.%d" % sys.version_info[:3]
    message = "modules in Python need Python 3.8 or later; %s is %s" % (sys.executable, version)
    if sys.argv[1] == "run":
        print('{"fail": "%s"}' % message, flush=True)
    sys.exit(message)
sys.meta_path.insert(0, Sources)
if sys.argv[1] == "describe":
    from hsb_shim.describe import describe as act
else:
    from hsb_shim.run import run as act
act(sys.argv[2])
