"""What uploaders take from an archive: OpenStack's anvil, of 2012 and of 2014, and cloud-utils for EC2.

    uploaders.py ARCHIVE

A new implementation of their rules: which member is the kernel, the ramdisk and the root. Prints a
line for each version of anvil: year, name of the image, kernel, ramdisk, root. Where several members
match, the last one counts, as it did there. Then, of an archive packed by gzip, one for cloud-utils:
kernel, ramdisk, root, where the first kernel and ramdisk count.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile

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


def of_ec2(path):
    """cloud-publish-tarball: what tar lists while it unpacks, read by a shell without a locale."""
    with tempfile.TemporaryDirectory() as folder:
        listed = subprocess.run(["tar", "-S", "-xvzf", path], cwd=folder, check=True, text=True,
                                env={**os.environ, "LC_ALL": "C"}, capture_output=True).stdout
        kernel = ramdisk = root = None
        for line in listed.splitlines():
            # Without -r, `read` takes a backslash for an escape, and blanks at the ends for none.
            member = re.sub(r"\\(.)", r"\1", line.strip(" \t"))
            if not os.path.isfile(os.path.join(folder, member)):
                continue
            if "vmlinuz" in member:
                kernel = kernel or member
            elif "initrd" in member:
                ramdisk = ramdisk or member
            elif member.endswith(".img"):
                root = member
    if any(member and member.startswith("-") for member in (kernel, ramdisk, root)):
        sys.exit(f"{path}: a member is taken for an option")
    return kernel, ramdisk, root


def main(path):
    path = os.path.abspath(path)
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
    if path.endswith("gz"):
        print("ec2", *(part or "-" for part in of_ec2(path)))


main(sys.argv[1])
