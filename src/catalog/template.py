"""NAME: says in one line what it does."""

MODULE = {
    "summary": "says in one line what it does",
    "keys": {
        "NAME": {
            "type": "string",
            "default": "world",
            "description": "whom to greet",
        },
    },
    "main": "NAME",
}


def modify(name, root, cfg):
    # `root` is the image as a folder: open, os, shutil and pathlib work on it.
    root.append("/etc/motd", "Hello %s\n" % cfg.get("NAME", "world"))
