# Edits settings in place: with a temporary file and rename, with fileinput, and with r+.
import fcntl
import fileinput
import os
import re
import shutil
import sys
import tempfile


def sed(path, pattern, new):
    stat = os.stat(path)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
    out = os.fdopen(handle, "w")
    for line in open(path, "rU"):
        out.write(re.sub(pattern, new, line))
    out.flush()
    os.fsync(out.fileno())
    out.close()
    os.chown(temporary, stat.st_uid, stat.st_gid)
    shutil.copymode(path, temporary)
    os.rename(temporary, path)


def modify(name, root, cfg):
    sed(os.path.join(root, "etc/shadow"), r"^root:[^:]*:", "root:!:")
    for line in fileinput.input(os.path.join(root, "etc/hosts"), inplace=True):
        sys.stdout.write(line.replace("localhost", "localhost here"))
    with open(os.path.join(root, "etc/hostname"), "r+") as fh:
        fcntl.flock(fh, fcntl.LOCK_EX)
        old = fh.read().strip()
        fh.seek(0)
        fh.truncate()
        fh.write(old + "-edited\n")
    here = os.getcwd()
    os.chdir(os.path.join(root, "etc"))
    os.symlink("hostname", "hostname.link")
    os.chdir(here)
    assert os.path.realpath(os.path.join(root, "etc/hostname.link")) == root + "/etc/hostname"
