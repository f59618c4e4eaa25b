"""Makes a package of any header, files beside it and members, which dpkg-deb would not.

make.py FILE FIELDS MEMBERS [NAME=TEXT]...: members are `KIND PATH [TARGET]`, each on a line; texts
may have escapes such as \\xe9 for bytes.
"""

import io
import sys
import tarfile

KINDS = {
    "d": tarfile.DIRTYPE,
    "f": tarfile.REGTYPE,
    "l": tarfile.SYMTYPE,
    "h": tarfile.LNKTYPE,
    "c": tarfile.CONTTYPE,
    "v": b"V",
    "x": tarfile.XHDTYPE,
    "g": tarfile.XGLTYPE,
}
RECORD = b"20 mtime=1600000001\n"
CONTENTS = {"f": b"x\n", "c": b"x\n", "x": RECORD, "g": RECORD}


def raw(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


def archive(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as tar:
        for kind, name, target, content in members:
            member = tarfile.TarInfo(name)
            member.type = KINDS[kind]
            member.mode = 0o755 if kind == "d" else 0o644
            member.mtime = 1600000000
            member.linkname = target
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return out.getvalue()


file, fields, lines, *texts = sys.argv[1:]
control = [("f", "./control", "", raw(fields))]
for text in texts:
    name, text = text.split("=", 1)
    control.append(("f", f"./{name}", "", raw(text)))
members = []
for line in raw(lines).decode("latin-1").splitlines():
    kind, name, target = (line.split(" ") + [""])[:3]
    members.append((kind, name, target, CONTENTS.get(kind, b"")))
with open(file, "wb") as out:
    out.write(b"!<arch>\n")
    for name, content in [
        ("debian-binary", b"2.0\n"),
        ("control.tar", archive(control)),
        ("data.tar", archive(members)),
    ]:
        out.write(f"{name:16}{0:<12}{0:<6}{0:<6}{'100644':8}{len(content):<10}`\n".encode())
        out.write(content + b"\n" * (len(content) % 2))
