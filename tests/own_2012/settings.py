"""Edits in place, safely: a temporary file beside, the same owner and mode, and a rename."""
import codecs
import configparser
import contextlib
import os
import re
import shutil
import tempfile


@contextlib.contextmanager
def rewritten(path):
    fh = tempfile.NamedTemporaryFile("w", dir=os.path.dirname(path), prefix=".tmp-", delete=False)
    try:
        yield fh
        fh.flush()
        os.fsync(fh.fileno())
        fh.close()
        before = os.stat(path)
        os.chown(fh.name, before.st_uid, before.st_gid)
        shutil.copymode(path, fh.name)
        os.rename(fh.name, path)
    except Exception:
        os.unlink(fh.name)
        raise


def modify(name, root, cfg):
    path = os.path.join(root, "etc/login.defs")
    with rewritten(path) as out:
        for line in codecs.open(path, "r", "utf-8"):
            out.write(re.sub(r"^(UMASK\s+)\d+", r"\g<1>077", line))
    path = os.path.join(root, "etc/gshadow")
    with rewritten(path) as out:
        lines = open(path).readlines()
        lines.sort(key=lambda line: line.split(":")[0])
        out.writelines(lines)
    with contextlib.suppress(RuntimeError):
        with rewritten(path) as out:
            raise RuntimeError("nothing of this may be left")
    shutil.copy2(path, path + ".orig")
    repo = configparser.RawConfigParser()
    repo.add_section("updates")
    repo.set("updates", "baseurl", cfg["mirror"] + "/updates")
    os.makedirs(os.path.join(root, "etc/yum.repos.d"))
    with open(os.path.join(root, "etc/yum.repos.d", "updates.repo"), "w") as fh:
        repo.write(fh)
    again = configparser.RawConfigParser()
    assert again.read(os.path.join(root, "etc/yum.repos.d", "updates.repo"))
    assert again.get("updates", "baseurl").startswith(cfg["mirror"])
