# Writes packages as small as can be, without their signatures: header and payload.
import hashlib, os, struct, sys

CHAR, INT8, INT16, INT32, STRING, BIN, ARRAY, I18N = 1, 2, 3, 4, 6, 7, 8, 9


def header(entries):
    index, data = [], b""
    for tag, kind, values in sorted(entries):
        width = {INT16: 2, INT32: 4}.get(kind, 1)
        data += b"\0" * (-len(data) % width)
        offset = len(data)
        if kind in (INT16, INT32):
            data += b"".join(v.to_bytes(width, "big") for v in values)
        else:
            data += b"".join(v.encode() + b"\0" for v in values)
        index.append(struct.pack(">IIII", tag, kind, offset, len(values)))
    count = len(index) + 1
    region = struct.pack(">IIII", 63, BIN, len(data), 16)
    data += struct.pack(">IIiI", 63, BIN, -16 * count, 16)
    return struct.pack(">II", count, len(data)) + region + b"".join(index) + data


def member(name, mode, body):
    fields = [1, mode, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % f for f in fields) + name + b"\0"
    return head + b"\0" * (-len(head) % 4) + body + b"\0" * (-len(body) % 4)


def package(name, files, more=()):
    entries = [(1000, STRING, [name]), (1001, STRING, ["1"]), (1002, STRING, ["1"]),
               (1021, STRING, ["linux"]), (1022, STRING, ["noarch"]), (1044, STRING, ["x"]),
               *more]
    payload = b""
    if files:
        dirs = sorted({f[0] for f in files})
        entries += [
            (1028, INT32, [len(f[3]) for f in files]), (1030, INT16, [f[2] for f in files]),
            (1033, INT16, [0 for f in files]), (1034, INT32, [1 for f in files]),
            (1035, ARRAY, [hashlib.sha256(f[3]).hexdigest() if f[2] >> 12 == 8 else "" for f in files]),
            (1036, ARRAY, [f[3].decode() if f[2] >> 12 == 10 else "" for f in files]),
            (1037, INT32, [f[4] for f in files]), (1039, ARRAY, ["root" for f in files]),
            (1040, ARRAY, ["root" for f in files]), (1095, INT32, [1 for f in files]),
            (1096, INT32, [f[5] for f in files]), (1116, INT32, [dirs.index(f[0]) for f in files]),
            (1117, ARRAY, [f[1] for f in files]), (1118, ARRAY, dirs), (5011, INT32, [8])]
        last = {f[5]: i for i, f in enumerate(files)}
        for i, f in enumerate(files):
            if not f[4] & 64:
                body = f[3] if f[2] >> 12 == 10 or last[f[5]] == i else b""
                payload += member((("." + f[0] + f[1]).encode()), f[2], body if f[2] >> 12 != 4 else b"")
    return header(entries) + payload + member(b"TRAILER!!!", 0, b"")


FILE, LINK, DIR = 0o100644, 0o120777, 0o40755
SEEDS = {
    "empty": package("a", []),
    "file": package("a", [("/usr/", "f", FILE, b"text", 0, 1)]),
    "links": package("a", [("/", "a", FILE, b"x", 0, 1), ("/", "b", FILE, b"x", 0, 1)]),
    "kinds": package("a", [("/", "d", DIR, b"", 0, 1), ("/d/", "l", LINK, b"../x", 0, 2),
                           ("/d/", "g", FILE, b"", 64, 3), ("/etc/", "c", FILE, b"c", 17, 4)]),
    "needs": package("a", [], [(1047, ARRAY, ["a", "(b"]), (1112, INT32, [8, 0]), (1113, ARRAY, ["1-1", ""]),
                               (1049, ARRAY, ["(a if (b or c))", "rpmlib(FileDigests)"]),
                               (1048, INT32, [0, 16777226]), (1050, ARRAY, ["", "4.6.0-1"]),
                               (1054, ARRAY, ["z"]), (1053, INT32, [2]), (1055, ARRAY, ["1"])]),
    "scripts": package("a", [], [(1023, STRING, ["getent group x || groupadd -r x"]), (1085, ARRAY, ["/bin/sh"]),
                                 (1024, STRING, ["if [ $1 -eq 1 ]; then\n mkdir -p /a/b || :\nfi\nln -sf b /a/c"]),
                                 (1086, ARRAY, ["/bin/sh"]), (1151, STRING, ["x=1"]), (1153, ARRAY, ["<lua>"])]),
    "units": package("a", [], [(1024, STRING, ["update-alternatives --install /bin/x x / 5; systemctl enable a.service"])]),
    "trigger": package("a", [("/usr/", "f", FILE, b"", 0, 1)],
                       [(5076, ARRAY, ["ldconfig"]), (5077, ARRAY, ["/bin/sh"]), (5079, ARRAY, ["/usr"]),
                        (5080, INT32, [0]), (5081, ARRAY, [""]), (5082, INT32, [65536])]),
}
for name, seed in SEEDS.items():
    with open(os.path.join(sys.argv[1], "seed-" + name), "wb") as file:
        file.write(seed)
