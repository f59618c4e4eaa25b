"""What the uploaders of OpenStack's anvil, of 2012 and of 2014, take from an archive.

    uploaders.py ARCHIVE

A new implementation of their rules: which member is the kernel, the ramdisk and the root. Prints a
line for each version: year, name of the image, kernel, ramdisk, root. Where several members match,
the last one counts, as it did there.
"""

import os
import re
import sys
import tarfile

ARCHIVES = (".tgz", ".gzip", ".gz", ".bz2", ".tar")
NAME_ENDINGS = (".tar.gz", ".img.gz", ".qcow2", ".img", ".tgz", ".gzip", ".gz", ".bz2", ".tar")


def of_2012(member):
    """The version of May 2012: every member counts, patterns match from the start."""
    rules = (("kernel", (r"(.*)-vmlinuz(.*)$", r"(.*?)aki-tty/image$")),
             ("ramdisk", (r"(.*)-initrd$", r"(.*?)ari-tty/image$")),
             ("root", (r"(.*)img$", r"(.*?)ami-tty/image$")))
    for part, patterns in rules:
        if any(re.match(pattern, member.name, re.I) for pattern in patterns):
            return part
    return None


def of_2014(member):
    """The version of 2014: regular files, none hidden, patterns match anywhere in the path."""
    if not member.isfile() or member.name.startswith("."):
        return None
    ending = os.path.splitext(member.name)[1].lower()
    if any(word in ending for word in ("md5", "sha", "sfv")):
        return None
    rules = (("kernel", (r"(.*)vmlinuz(.*)$", r"(.*?)aki-tty/image$")),
             ("ramdisk", (r"(.*)-initrd$", r"initrd[-]?(.*)$", r"(.*)initramfs(.*)$",
                          r"(.*?)ari-tty/image$")),
             ("root", (r"(.*)img$", r"(.*)qcow2$", r"(.*?)aki-tty/image$")))
    for part, patterns in rules:
        if any(re.search(pattern, member.name, re.I) for pattern in patterns):
            return part
    return None


def main(path):
    file_name = os.path.basename(path)
    if os.path.splitext(file_name)[1].lower() not in ARCHIVES:
        sys.exit(f"{file_name}: do not know how to unpack")
    name = file_name
    for ending in NAME_ENDINGS:
        name = name.replace(ending, "")
    with tarfile.open(path, "r") as archive:
        members = archive.getmembers()
    for year, classify in (("2012", of_2012), ("2014", of_2014)):
        found = {}
        for member in members:
            part = classify(member)
            found[part or "unknown " + member.name] = member.name
        if "root" not in found:
            sys.exit(f"{file_name}: has no root image member")
        parts = (found.pop(part, "-") for part in ("kernel", "ramdisk", "root"))
        print(year, name, *parts, *found)


main(sys.argv[1])
