"""What hsb is told of a module that failed: its own lines, without those of the shim."""

import traceback

from .guard import is_own, near
from .run import Unfit


def explain(error):
    """Returns the message, the place in the module's file, and the traceback."""
    if isinstance(error, Unfit):
        return {"message": str(error)}
    told = traceback.TracebackException(type(error), error, error.__traceback__)
    fail = {"message": message(error)}
    own = [frame for frame in told.stack if is_own(frame.filename)]
    if isinstance(error, SyntaxError) and error.filename and is_own(error.filename):
        fail["at"] = "%s:%d" % (near(error.filename), error.lineno or 0)
    elif own:
        fail["at"] = "%s:%d" % (near(own[-1].filename), own[-1].lineno)
    if not isinstance(error, SystemExit):
        shorten(told)
        fail["trace"] = "".join(told.format())
    return fail


def message(error):
    """Returns what the last line of a traceback says."""
    if isinstance(error, SystemExit):
        return "sys.exit(%d)" % error.code if isinstance(error.code, int) else str(error.code)
    try:
        said = str(error)
    except Exception:
        said = "(it cannot say what)"
    name = type(error).__name__
    return "%s: %s" % (name, said) if said else name


def shorten(told):
    """Leaves the module's own lines in a traceback, and in those that led to it."""
    if told is None:
        return
    told.stack[:] = [frame for frame in told.stack if is_own(frame.filename)]
    for frame in told.stack:
        frame.line  # It is read when it is asked for, so before the file has another name.
        frame.filename = near(frame.filename)
    if getattr(told, "filename", None):
        told.filename = near(told.filename)
    shorten(told.__cause__)
    shorten(told.__context__)
