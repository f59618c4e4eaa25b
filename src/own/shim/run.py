"""Runs a module: loads it, calls its modify(), and tells hsb how it ended."""

import _signal
import os
import sys

from . import channel, files, functions, guard, library, root, tree
from .channel import receive
from .paths import ROOT


class Unfit(Exception):
    """The file is no module; the message says why."""

    def __init__(self, message, modify=None):
        Exception.__init__(self, message)
        self.code = getattr(modify, "__code__", None)


def run(file):
    """Runs a module, and ends the process."""
    file = os.path.join(guard.project, file)
    guard.folder = os.path.dirname(file)
    channel.start()
    _signal.signal(channel.ASKED, stop)
    start = receive()
    tree.now = start["source_date_epoch"]
    sys.argv = [file]
    # At the end: a module must not stand in for one of the standard library.
    sys.path += [guard.folder, os.path.dirname(guard.folder)]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace", line_buffering=True)
    try:
        code = compiled(file)
        functions.replace()
        library.change()
        sys.addaudithook(guard.watch)
        try:
            modify(code, file, start["name"], start["cfg"])
        except SystemExit as end:
            if end.code not in (None, 0):
                raise
        finish()
        last = {"done": {"read": sorted(key for key in root.read if isinstance(key, str))}}
    except BaseException as error:
        if isinstance(error, MemoryError):
            forget(error.__traceback__)
        from .failure import explain

        last = {"fail": explain(error)}
        if channel.ends is None:
            leave(last["fail"], error)
    flush()
    if channel.ends is None:
        os._exit(0)
    channel.send(last)
    # At once: what Python would still take down might turn to hsb.
    os._exit(0 if "done" in last else 1)


def leave(fail, error):
    """Ends a process that the module forked, as Python does: hsb listens to its parent."""
    status = error.code if isinstance(error, SystemExit) else None
    if not isinstance(status, int):
        status = 1
        print(fail.get("trace", fail["message"]).rstrip(), file=sys.stderr)
    flush()
    os._exit(status & 0xFF)


def flush():
    """Writes out what was printed."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # The module closed it, or put something else there.
            pass


def stop(number, frame):
    """Tells hsb where the module is, which went past a limit; hsb knows which."""
    from .failure import where

    channel.interrupt({"fail": where(frame)})
    os._exit(1)


def forget(calls):
    """Gives back what the calls that failed hold: telling of it takes memory, too."""
    while calls is not None:
        try:
            calls.tb_frame.clear()
        except RuntimeError:  # It still runs.
            pass
        calls = calls.tb_next


def compiled(file):
    with open(file, "rb") as source:
        return compile(source.read(), file, "exec", dont_inherit=True)


def modify(code, file, name, cfg):
    """Loads the module and calls its modify()."""
    stem = os.path.basename(file)[: -len(".py")]
    module = type(sys)("modules." + stem)
    module.__file__, module.__package__ = file, "modules"
    sys.modules[module.__name__] = module
    exec(code, module.__dict__)
    modify = module.__dict__.get("modify")
    if not callable(modify):
        raise Unfit("it has no function modify(name, root, cfg)")
    try:
        result = modify(name, root.Root(ROOT), root.Recipe(cfg))
    except TypeError as error:
        if error.__traceback__.tb_next is not None:
            raise
        raise Unfit("modify() is called with (name, root, cfg): %s" % error, modify) from None
    if hasattr(result, "send"):
        raise Unfit("modify() is a generator or a coroutine, of which nothing runs", modify)


def finish():
    """Does what Python does at its end, as long as hsb listens."""
    threading = sys.modules.get("threading")
    for thread in threading.enumerate() if threading else ():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    import atexit

    atexit._run_exitfuncs()
    if channel.ends is not None:  # What a forked process has open is its parent's.
        files.close_all()
