"""What people make such images with today, and how they are called.

A peer that takes a folder starts from an unpacked one, so unpacking is part of what it takes, unless
its name says otherwise: only root can unpack a root filesystem faithfully without slower means.
"""

import functools
import os
import re
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20

# Program, and the Debian package that has it.
PROGRAMS = {
    "mke2fs": "e2fsprogs", "genext2fs": "genext2fs", "systemd-repart": "systemd",
    "pigz": "pigz", "zstd": "zstd", "xz": "xz-utils", "tar": "tar", "cp": "coreutils",
    "qemu-img": "qemu-utils", "mkfs.xfs": "xfsprogs", "mkfs.btrfs": "btrfs-progs",
}

# Where programs of the crate registry go, and what of it these are: crate, version, more arguments.
CRATES = Path(__file__).resolve().parent.parent / "target" / "peers"
FSTOOL, MKEXT4 = CRATES / "bin" / "fstool", CRATES / "bin" / "mkfs"
FROM_CRATES = {FSTOOL: ("fstool", "0.5.2", []), MKEXT4: ("mkext4", "0.0.3", ["--example", "mkfs"])}


@dataclass
class Peer:
    """Something that makes an ext4 image of a tarball."""

    name: str
    needs: tuple
    # Takes the tarball, the image and a folder to work in; returns the commands.
    commands: object
    # Whether it is timed with `--quick` too.
    is_quick: bool = True
    # What is done before, and not timed: takes the same.
    before: object = None


@functools.cache
def inside(tarball):
    """How many entries a tarball has, and how many bytes in whole blocks."""
    entries = blocks = 0
    with tarfile.open(tarball, "r:") as archive:
        for entry in archive:
            stored = sum(size for _, size in entry.sparse) if entry.sparse else entry.size
            entries += 1
            blocks += -(-stored // 4096) + entry.isdir()
            archive.members = []
    return entries, blocks * 4096


def size_for(tarball):
    """Room for the content, in whole MiB: these programs do not find the size by themselves."""
    entries, content = inside(tarball)
    return (int(content * 1.35 + entries * 512) // MIB + 192) * MIB


def unpack(tarball, folder):
    tree = folder / "tree"
    return [["mkdir", tree], ["tar", "--xattrs", "--xattrs-include=*", "--acls",
                              "--numeric-owner", "-xpf", tarball, "-C", tree]]


def mke2fs(source, image, tarball):
    # As many inodes as there are entries, where the size would give fewer.
    usual = size_for(tarball) // 16384
    more = ["-N", max(usual, inside(tarball)[0] + 1000)]
    size = f"{size_for(tarball) // 1024}k"
    # Small filesystems would get small blocks, unlike those of hsb.
    return [["mke2fs", "-q", "-F", "-t", "ext4", "-b", 4096, *more, "-d", source, image, size]]


def genext2fs(tarball, image, _):
    blocks = size_for(tarball) // 4096
    inodes = inside(tarball)[0] + 1000
    return [["genext2fs", "-B", 4096, "-b", blocks, "-N", inodes, "-a", tarball, image]]


def repart(tarball, image, folder):
    recipe = folder / "repart.d"
    recipe.mkdir(exist_ok=True)
    (recipe / "root.conf").write_text(
        f"[Partition]\nType=root\nFormat=ext4\nCopyFiles={folder}/tree:/\n")
    size = size_for(tarball) // MIB + 2
    return unpack(tarball, folder) + [
        ["systemd-repart", "--empty=create", f"--size={size}M", "--dry-run=no", "--no-pager",
         f"--definitions={recipe}", image]]


def mke2fs_reads_tar():
    """Whether this mke2fs takes a tarball: 1.47.1 and later do, when built with libarchive."""
    said = subprocess.run(["mke2fs", "-V"], capture_output=True, text=True, check=False).stderr
    found = re.search(r"mke2fs (\d+)\.(\d+)\.?(\d*)", said)
    return bool(found) and tuple(int(n or 0) for n in found.groups()) >= (1, 47, 1)


def mkext4(tarball, image, folder):
    return [[MKEXT4, folder / "tree", image, size_for(tarball)]]


def fstool(tarball, image, _):
    return [[FSTOOL, "repack", "-t", "ext4", "--block-size", 4096, "--size", size_for(tarball),
             tarball, image]]


def peers():
    """All of them, those that cannot be used here too."""
    yield Peer("untar, `mke2fs -d`", ("mke2fs", "tar"),
               lambda tarball, image, folder:
               unpack(tarball, folder) + mke2fs(folder / "tree", image, tarball))
    if shutil.which("mke2fs") and mke2fs_reads_tar():
        yield Peer("`mke2fs -d TAR`", ("mke2fs",),
                   lambda tarball, image, _: mke2fs(tarball, image, tarball))
    yield Peer("`genext2fs -a`", ("genext2fs",), genext2fs)
    yield Peer("untar, `systemd-repart`", ("systemd-repart", "tar"), repart, is_quick=False)
    yield Peer("`fstool repack`", (FSTOOL,), fstool, is_quick=False)
    yield Peer("example of mkext4, already unpacked", (MKEXT4, "tar"), mkext4, is_quick=False,
               before=lambda tarball, _, folder: unpack(tarball, folder))


TRIED = set()


def install(programs):
    """Installs what is missing by cargo, or by apt where that needs no question; returns what still is."""
    missing = [program for program in programs if not shutil.which(program)]
    if TRIED.issuperset(missing):
        return missing
    TRIED.update(missing)
    for crate, version, more in (FROM_CRATES[it] for it in missing if it in FROM_CRATES):
        subprocess.run(["cargo", "install", "-q", "--locked", "--root", CRATES, "--version", version,
                        *more, crate], check=False)
    packages = sorted({PROGRAMS[program] for program in missing if program in PROGRAMS})
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-qy", "--no-install-recommends", *packages],
                       env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                       stdout=subprocess.DEVNULL, check=False)
    return [program for program in missing if not shutil.which(program)]


def versions():
    """The version of each program that is here, as it says it itself."""
    ask = {"mke2fs": "-V", "genext2fs": "-V", "mkfs.xfs": "-V"}
    found = []
    for program, package in PROGRAMS.items():
        if not shutil.which(program):
            continue
        said = subprocess.run([program, ask.get(program, "--version")],
                              capture_output=True, text=True, check=False)
        number = re.search(r"\d+(\.\d+)+|\d{3}", said.stdout + said.stderr)
        found.append(f"{package} {number[0]}" if number else package)
    found += [f"{crate} {version}" for program, (crate, version, _) in FROM_CRATES.items()
              if program.exists()]
    return sorted(set(found))


def empty(folder):
    """Takes away all that is in a folder."""
    for entry in Path(folder).iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
