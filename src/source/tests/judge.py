# Lists a tar archive as Python's own tarfile module reads it, in the form of listing() in
# tests.rs. Directories that have no member are not listed.

import sys
import tarfile
import zlib
from decimal import ROUND_FLOOR, Decimal

NAMED = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}


def raw(text):
    return text.encode("utf-8", "surrogateescape")


def shown(data):
    return "".join(
        NAMED.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}") for byte in data
    )


def path(name):
    return b"/" + b"/".join(part for part in raw(name).split(b"/") if part not in (b"", b"."))


def time(member):
    exact = Decimal(member.pax_headers.get("mtime", member.mtime))
    secs = exact.to_integral_value(rounding=ROUND_FLOOR)
    nanos = int((exact - secs) * 10**9)
    return f"{secs}+{nanos}ns" if nanos else f"{secs}"


def content(archive, member):
    data = archive.extractfile(member).read()
    if len(data) < 20:
        line = f' "{shown(data)}"'
    else:
        line = f" {len(data)} bytes {zlib.crc32(data):08x}"
    if member.sparse is not None:
        parts = [f"{at}-{at + size}" for at, size in member.sparse if size]
        line += f" [{','.join(parts)}]"
    return line


def rest(archive, member):
    if member.isdir():
        return "directory", ""
    if member.issym():
        return "symlink", " -> " + shown(raw(member.linkname))
    if member.isfifo():
        return "FIFO", ""
    return "file", content(archive, member)


archive = tarfile.open(sys.argv[1], "r:")
lines = {}
for member in archive:
    if member.islnk():
        lines[path(member.name)] = lines[path(member.linkname)]
        continue
    kind, tail = rest(archive, member)
    line = f"{kind} {member.mode & 0o7777:o} {member.uid}:{member.gid} {time(member)}{tail}"
    for key, value in sorted(member.pax_headers.items()):
        if key.startswith("SCHILY.xattr."):
            line += f" {key[13:]}={shown(raw(value))}"
    lines[path(member.name)] = line
for name, line in sorted(lines.items()):
    print(shown(name), line)
