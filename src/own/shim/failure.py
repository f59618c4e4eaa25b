"""What hsb is told of a module that failed: its own lines, without those of the shim."""

import traceback

from .guard import is_own, near
from .paths import ROOT
from .run import Unfit


def explain(error):
    """Returns the message, the place in the module's file, and the traceback."""
    fail = {"message": without_root(message(error))}
    if isinstance(error, Unfit):
        if error.code is not None:
            fail["at"] = place(error.code.co_filename, error.code.co_firstlineno)
        return fail
    told = traceback.TracebackException(type(error), error, error.__traceback__)
    own = [frame for frame in told.stack if is_own(frame.filename)]
    if isinstance(error, SyntaxError) and error.filename and is_own(error.filename):
        fail["at"] = place(error.filename, error.lineno or 0)
    elif own:
        fail["at"] = place(own[-1].filename, own[-1].lineno)
    if not isinstance(error, SystemExit):
        shorten(told)
        fail["trace"] = without_root("".join(told.format()))
    return fail


def where(frame):
    """Returns the place in the module's file that is running, and the calls that led there."""
    own = [call for call in traceback.extract_stack(frame) if is_own(call.filename)]
    if not own:
        return {}
    for call in own:
        call.line  # As in shorten().
        call.filename = near(call.filename)
    trace = "Traceback (most recent call last):\n" + "".join(traceback.format_list(own))
    return {"at": "%s:%d" % (own[-1].filename, own[-1].lineno), "trace": without_root(trace)}


def place(file, line):
    return "%s:%d" % (near(file), line)


def message(error):
    """Returns what the last line of a traceback says."""
    if isinstance(error, Unfit):
        return str(error)
    if isinstance(error, SystemExit):
        return "sys.exit(%d)" % error.code if isinstance(error.code, int) else str(error.code)
    try:
        said = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:
        said = "(it cannot say what)"
    name = type(error).__name__
    return "%s: %s" % (name, " ".join(said.split())) if said else name


def without_root(told):
    """Returns a text in which the path that stands for the image is `{root}`, for people."""
    return told.replace(ROOT, "{root}")


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
