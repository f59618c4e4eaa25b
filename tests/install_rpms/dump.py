# Prints all of a package database that may be compared: every header by its digest, every row of every
# table by the name of its package. Numbers of packages depend on the order and are left out.
import hashlib, sqlite3, struct, sys

database = sqlite3.connect(sys.argv[1])
database.text_factory = bytes
print(sorted(sql for (sql,) in database.execute("SELECT sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%'")))
names = {hnum: name.decode() for name, hnum in database.execute("SELECT key, hnum FROM Name")}
for hnum, blob in database.execute("SELECT hnum, blob FROM Packages"):
    entries, length = struct.unpack(">II", blob[:8])
    blob = bytearray(blob)
    for at in range(8, 8 + 16 * entries, 16):
        tag, kind, offset, count = struct.unpack(">IIiI", blob[at:at + 16])
        if tag in (1008, 1128):
            start = 8 + 16 * entries + offset
            blob[start:start + 4] = b"\0\0\0\0"
    print(names[hnum], "header", entries, length, hashlib.sha256(blob).hexdigest())
for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
    table = table.decode()
    if table == "Packages" or table.startswith("sqlite_"):
        continue
    for key, kind, hnum, idx in database.execute(f"SELECT key, typeof(key), hnum, idx FROM '{table}'"):
        print(names[hnum], table, len(key) if table == "Installtid" else key, kind, idx)
