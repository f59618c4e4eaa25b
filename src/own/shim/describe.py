"""Prints what a module says about itself, without running it."""

import ast
import json
import sys


def describe(file):
    """Prints the literal MODULE of a file as a line of JSON, null if there is none."""
    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read(), file)
        print(json.dumps(declaration(tree)))
    except SyntaxError as error:
        sys.exit("line %d: %s" % (error.lineno or 0, error.msg))
    except ValueError as error:
        sys.exit(str(error))


def declaration(tree):
    """Returns MODULE; its summary may be the first line of the file's docstring."""
    for statement in reversed(tree.body):
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        else:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
        if not any(isinstance(name, ast.Name) and name.id == "MODULE" for name in targets):
            continue
        where = "line %d: MODULE" % statement.lineno
        try:
            found = ast.literal_eval(statement.value)
            json.dumps(found)
        except (TypeError, ValueError) as error:
            raise ValueError("%s is no plain literal: %s" % (where, error)) from None
        if not isinstance(found, dict):
            raise ValueError("%s is no dict" % where)
        first = (ast.get_docstring(tree) or "").partition("\n")[0].strip()
        return dict({"summary": first} if first else {}, **found)
    return None
