"""What is built: tarballs of real systems, the same compressed, and made ones of any number of files."""

import subprocess
from pathlib import Path

# Ending, and the command that makes it: what people compress root filesystems with.
PACKED = {"gz": ["pigz", "-6"], "zst": ["zstd", "-q", "-T0", "-3"], "xz": ["xz", "-T0", "-1"]}
# Ending, and the fastest command that a user could decode it with.
DECODERS = {"gz": ["pigz", "-d"], "zst": ["zstd", "-d", "-q"], "xz": ["xz", "-d", "-T0"]}


def packed(tarball, ending):
    """Returns a compressed copy of a tarball; it is made where it is missing."""
    path = Path(f"{tarball}.{ending}")
    if not path.exists():
        making = path.with_suffix(".making")
        with open(making, "wb") as out:
            subprocess.run([*PACKED[ending], "-c", tarball], stdout=out, check=True)
        making.rename(path)
    return path


def header(name, kind=b"0", mode=0o644):
    """Returns the ustar header of an empty member."""
    block = bytearray(512)
    block[:len(name)] = name
    block[100:108] = b"%07o\0" % mode
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = b"00000000000\0"
    block[136:148] = b"14524770400\0"
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def files(path, count, in_folder):
    """Makes a tarball of `count` empty files, so many to a folder."""
    with open(path, "wb", buffering=1 << 20) as out:
        for number in range(count):
            folder = b"folder-%06d" % (number // in_folder)
            if number % in_folder == 0:
                out.write(header(folder + b"/", b"5", 0o755))
            out.write(header(folder + b"/some-file-%07d" % number))
        out.write(bytes(1024))
    return path
