"""Whether an image is right, and how good: a fast wrong one does not count."""

import os
import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


def start_of(image):
    """Where the filesystem is in an image: at its beginning, or in the first partition of a disk."""
    with open(image, "rb") as file:
        is_bare = file.read(1082)[1080:] == b"\x53\xef"
    return 0 if is_bare else 1 << 20


@contextmanager
def mounted(image, folder):
    """Mounts an image read-only; only root can."""
    folder.mkdir(exist_ok=True)
    options = f"ro,noload,loop,offset={start_of(image)}"
    subprocess.run(["mount", "-t", "ext4", "-o", options, image, folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        folder.rmdir()


def verdict(image, tarball, work):
    """Says in a few words what fsck and, for root, a comparison with the tarball find."""
    fsck = subprocess.run([SCRIPTS / "fsck", image, str(start_of(image))],
                          capture_output=True, text=True, check=False)
    if fsck.returncode != 0:
        return "e2fsck complains"
    if os.geteuid() != 0:
        return "e2fsck clean"
    with mounted(image, work / "mnt") as folder:
        compared = subprocess.run([SCRIPTS / "compare-tree", tarball, folder],
                                  capture_output=True, text=True, check=False)
    if compared.returncode == 0:
        return "right"
    said = (compared.stdout + compared.stderr).strip().splitlines()
    found = [line for line in said if re.search(r"differ|FAIL", line)]
    return f"wrong: {found[-1][:70]}" if found else "wrong"


def extents(folder):
    """Counts the files below a mounted folder that have content, and their extents."""
    found = subprocess.run(
        ["find", folder, "-xdev", "-type", "f", "-size", "+0", "-exec", "filefrag", "{}", "+"],
        capture_output=True, text=True, check=True)
    counts = [int(n) for n in re.findall(r"(\d+) extents? found", found.stdout)]
    return len(counts), sum(counts)


def read_all(folder):
    """Reads all files of a folder, by names and with nothing in memory; returns the seconds."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n")
    started = time.perf_counter()
    with open(os.devnull, "wb") as null:
        # Into a pipe: tar does not read what it would write to /dev/null.
        subprocess.run(f"tar -C {folder} --sort=name -cf - . | cat", shell=True, stdout=null, check=True)
    return time.perf_counter() - started


def sizes(image):
    """Returns how large an image is, and how much of it takes room on the disk, in bytes."""
    found = os.stat(image)
    return found.st_size, found.st_blocks * 512
