"""Does what modules do to files, and prints what came of it: in a folder and in the image alike.

Only what any user may do in a folder, so nothing of owners and devices.
"""
import bz2
import codecs
import configparser
import csv
import filecmp
import fileinput
import glob
import gzip
import io
import logging
import os
import pathlib
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib


def shown(value):
    if isinstance(value, os.stat_result):
        size = 0 if stat.S_ISDIR(value.st_mode) else value.st_size
        links = 0 if stat.S_ISDIR(value.st_mode) else value.st_nlink
        return "%o %d %d" % (value.st_mode, size, links)
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(shown(item) for item in value)
    return repr(value)


def write(path, data="x", mode="w", **options):
    with open(path, mode, **options) as file:
        return file.write(data)


def read(path, mode="r", **options):
    with open(path, mode, **options) as file:
        return file.read()


def fresh(base):
    """Makes a small tree anew."""
    if os.path.exists(base):
        shutil.rmtree(base)
    os.makedirs(base + "/e/sub")
    os.mkdir(base + "/full")
    write(base + "/e/motd", "one\ntwo\r\nthree")
    write(base + "/full/a", "a")
    os.symlink("motd", base + "/e/rel")
    os.symlink("sub", base + "/e/dir")
    os.symlink("loop", base + "/e/loop")
    os.symlink("nowhere", base + "/e/lost")


NAMES = ["e", "e/motd", "e/rel", "e/dir", "e/loop", "e/lost", "none", "none/x", "e/motd/", "e/rel/"]
NAMES += ["e/dir/", "e/", "e/./sub/../motd", "e/" + "n" * 256, "e\0x", "full", ""]

QUESTIONS = [
    os.stat, os.lstat, os.path.exists, os.path.lexists, os.path.isfile, os.path.isdir,
    os.path.islink, os.readlink, read,
    lambda p: "\0" in p or os.path.realpath(p),
    lambda p: os.path.isfile(p) and os.path.getsize(p),
    lambda p: sorted(os.listdir(p)),
    lambda p: sorted((e.name, e.is_dir(), e.is_file(), e.is_symlink()) for e in os.scandir(p)),
    lambda p: pathlib.Path(p).exists(),
    lambda p: pathlib.Path(p).read_text(),
    lambda p: pathlib.Path(p).is_symlink(),
    lambda p: sorted(pathlib.Path(p).iterdir()),
]

CHANGES = [
    write, os.mkdir, os.rmdir, os.unlink,
    lambda p: write(p, mode="a"),
    lambda p: write(p, mode="x"),
    lambda p: write(p, mode="r+"),
    lambda p: os.chmod(p, 0o640),
    lambda p: os.utime(p, (5, 7.5)),
    lambda p: os.truncate(p, 2),
    lambda p: os.makedirs(p, exist_ok=True),
    lambda p: os.symlink("target", p),
    lambda p: os.mkfifo(p, 0o600),
    lambda p: pathlib.Path(p).touch(),
    lambda p: "\0" in p or shutil.rmtree(p, ignore_errors=True),
    lambda p: os.rename(p, p.rstrip("/") + ".new"),
    lambda p: os.link(p, p + ".link"),
]

SCRIPTS = [
    [("tell",), ("read", 3), ("tell",)],
    [("write", "AB"), ("tell",), ("seek", 0), ("read",)],
    [("seek", 0, 2), ("tell",), ("write", "zz")],
    [("seek", 5), ("truncate",), ("tell",)],
    [("truncate", 3)],
    [("truncate", 99), ("seek", 0, 2)],
    [("readline",), ("readlines",)],
    [("writelines", ["a", "b"])],
    [("seek", 60), ("write", "Q")],
    [("readable",), ("writable",), ("seekable",), ("isatty",), ("flush",)],
]


def streams(base):
    path = base + "/stream"
    for mode in ("rb", "rb+", "wb", "ab", "ab+", "xb", "r", "w", "a", "r+", "w+", "a+", "z", "rbt"):
        for script in SCRIPTS:
            write(path, b"01234\n6789" * 5, "wb")
            if "x" in mode:
                os.remove(path)
            yield mode, script, lambda: stream(path, mode, script)
    yield "unbuffered", 0, lambda: stream(path, "wb", [("write", "12"), ("tell",)], buffering=0)
    yield "newline", 0, lambda: stream(path, "w", [("write", "a\nb\n")], newline="\r\n")
    yield "latin-1", 0, lambda: stream(path, "w", [("write", "\u00fc")], encoding="latin-1")
    yield "wrong bytes", 0, lambda: read(path)
    yield "as latin-1", 0, lambda: read(path, encoding="latin-1")
    yield "replaced", 0, lambda: read(path, errors="replace")
    yield "ascii", 0, lambda: write(path, "\u00fc", encoding="ascii")
    yield "codecs", 0, lambda: codecs.open(path, "a", "utf-8").write("\u20ac")
    yield "read it", 0, lambda: codecs.open(path, encoding="utf-8").read()


def stream(path, mode, script, **options):
    results = []
    with open(path, mode, **options) as file:
        for name, *args in script:
            if "b" in mode:
                args = [arg.encode() if isinstance(arg, str) else arg for arg in args]
                args = [[a.encode() for a in arg] if type(arg) is list else arg for arg in args]
            try:
                results.append(getattr(file, name)(*args))
            except (OSError, ValueError) as error:
                results.append(type(error).__name__)
    return results, read(path, "rb")


def idioms(base):
    j = lambda *names: os.path.join(base, *names)

    def descriptors():
        fd = os.open(j("fd"), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        results = [os.write(fd, b"hello"), os.lseek(fd, 0, 0), os.read(fd, 3), os.fstat(fd)]
        os.fchmod(fd, 0o640)
        os.fsync(fd)
        os.ftruncate(fd, 4)
        other = os.dup(fd)
        os.close(fd)
        results += [os.pread(other, 9, 0), os.pwrite(other, b"J", 0), os.stat(other)]
        os.close(other)
        return results + [read(j("fd")), os.stat(j("fd"))]

    def opener():
        with open(j("secret"), "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write("x")
        folder = os.open(base, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return os.stat(j("secret"))

    def atomic():
        with tempfile.NamedTemporaryFile("w", dir=j("e"), delete=False) as file:
            file.write("new\n")
            file.flush()
            os.fsync(file.fileno())
        os.rename(file.name, j("e/motd"))
        return read(j("e/motd")), sorted(os.listdir(j("e"))), os.stat(j("e/motd"))

    def temporary():
        with tempfile.TemporaryFile(dir=j("e")) as file:
            file.write(b"q")
            file.seek(0)
            found = file.read(), sorted(os.listdir(j("e")))
        with tempfile.TemporaryDirectory(dir=j("e")) as folder:
            write(os.path.join(folder, "x"))
        return found, sorted(os.listdir(j("e")))

    def access_lists():
        def acl(*entries):
            return struct.pack("<I" + "HHI" * len(entries), 2, *sum(entries, ()))

        nobody, found = 0xFFFFFFFF, []
        base = [(1, 7, nobody), (4, 5, nobody), (32, 4, nobody)]
        named = [(1, 6, nobody), (2, 7, 0), (4, 4, nobody), (16, 6, nobody), (32, 0, nobody)]
        write(j("acl"))
        for entries in (base, named, base, named):
            os.setxattr(j("acl"), "system.posix_acl_access", acl(*entries))
            found += [os.stat(j("acl")), "system.posix_acl_access" in os.listxattr(j("acl"))]
        for mode in (0o640, 0o4777, 0o700, 0o7, 0o070):
            os.chmod(j("acl"), mode)
            found += [os.stat(j("acl")), os.getxattr(j("acl"), "system.posix_acl_access").hex()]
        os.mkdir(j("acl.d"))
        os.setxattr(j("acl.d"), "system.posix_acl_default", acl(*named))
        os.setxattr(j("acl.d"), "system.posix_acl_access", acl(*named))
        os.chmod(j("acl.d"), 0o2715)
        lists = ("system.posix_acl_access", "system.posix_acl_default")
        found += [os.stat(j("acl.d"))] + [os.getxattr(j("acl.d"), name).hex() for name in lists]
        os.removexattr(j("acl.d"), "system.posix_acl_access")
        return found + [os.stat(j("acl.d"))]

    def appended():
        for number in range(20):
            with open(j("log"), "a") as file:
                file.write("%d\n" % number)
        log = os.open(j("log"), os.O_WRONLY | os.O_APPEND)
        found = [os.write(log, b"x"), os.lseek(log, 0, 1), os.pwrite(log, b"y", 0)]
        os.remove(j("log"))
        return found + [os.write(log, b"z"), os.fstat(log).st_size, os.close(log)]

    def renamed_while_open():
        file = open(j("early"), "w")
        file.write("a")
        os.rename(j("early"), j("late"))
        file.write("b")
        file.close()
        return read(j("late")), os.path.exists(j("early"))

    def removed_while_open():
        file = open(j("gone"), "w")
        os.remove(j("gone"))
        file.write("b")
        file.close()
        return os.path.exists(j("gone"))

    def seen_before_closed():
        file = open(j("seen"), "w")
        file.write("12345")
        sizes = [os.path.getsize(j("seen"))]
        file.flush()
        return sizes + [os.path.getsize(j("seen")), file.close()]

    def left_open():
        open(j("leak"), "w").write("leaked")
        return read(j("leak"))

    def large():
        write(j("large"), bytes(range(256)) * 10000, "wb")
        found = []
        with open(j("large"), "rb") as file:
            for place in (0, 1048570, 1 << 20, 2559990, 2560000, 9999999, 5):
                found += [file.seek(place), file.read(20), file.tell()]
        with open(j("large"), "ab+") as file:
            found += [file.tell(), file.write(b"end"), file.tell(), file.seek(-5, 2), file.read()]
            found += [file.seek(1), file.read(2), file.write(b"!"), file.tell()]
        with open(j("large"), "ab") as one, open(j("large"), "ab", buffering=0) as other:
            found += [one.write(b"1"), other.write(b"2"), one.flush(), other.tell(), one.tell()]
        with open(j("large"), "rb+") as file:
            found += [file.seek(1500000), file.write(b"middle"), file.truncate(2000000)]
        with open(j("large"), "rb", buffering=0) as file:
            found += [zlib.crc32(file.read()), file.read(), file.tell()]
        with open(j("large"), "rb") as file, open(j("other"), "wb") as other:
            found.append(file.read(1))
            shutil.copyfileobj(file, other)
            os.rename(j("other"), j("large"))
            found += [len(file.read()), file.seek(0), len(file.read()), os.stat(j("large"))]
        return found

    def several_at_once():
        path, found = j("several"), []

        def begin(mode, other=None, **options):
            write(path, b"." * 20, "wb")
            if other is None:
                return open(path, mode, **options)
            return open(path, mode, buffering=0), open(path, other, buffering=0)

        def end(*files):
            for file in files:
                file.close()
            found.append(read(path, "rb"))

        one, other = begin("ab", "ab")
        for number in range(8):
            (one, other)[number % 2].write(b"%d" % number)
        end(one, other)
        one, other = begin("rb+", "rb+")
        found += [one.write(b"AA"), other.seek(10), other.write(b"BB"), one.read(10), one.tell()]
        end(one, other)
        one, other = begin("rb+", "ab")
        found += [one.write(b"AA"), other.write(b"BB"), one.write(b"CC"), one.seek(0, 2)]
        end(other, one)
        one, other = begin("rb", "rb+")
        found += [one.read(3), other.write(b"NEW"), one.seek(0), one.read(5)]
        found += [other.seek(0, 2), other.write(b"MORE"), one.seek(-6, 2), one.read()]
        end(one, other)
        one, other = begin("rb+", "wb+")
        found += [one.seek(0, 2), other.write(b"short"), one.write(b"END"), other.read()]
        end(one, other)
        one = begin("rb+")
        found += [one.read(1), os.truncate(path, 5), one.seek(0), one.write(b"hd")]
        end(one)
        os.link(path, path + ".link")
        one, other = begin("rb+"), open(path + ".link", "rb+", buffering=0)
        found += [one.write(b"AA"), one.flush(), other.seek(4), other.write(b"BB")]
        os.remove(path)
        found += [other.read(2), one.write(b"CC"), one.close(), other.seek(0), other.read(9)]
        os.rename(path + ".link", path)
        end(other)
        handlers = [logging.FileHandler(path) for _ in "12"]
        for number in range(6):
            handlers[number % 2].emit(logging.LogRecord("x", 20, "f", 1, str(number), None, None))
        end(*handlers)
        return found

    def removed_and_in_use():
        path = j("used")
        write(path, b"." * 3000000, "wb")
        fd = os.open(path, os.O_RDWR)
        found = [os.pwrite(fd, b"here", 2000000), os.remove(path), write(path, "new")]
        found += [os.pread(fd, 6, 1999999), os.lseek(fd, 0, 2), os.write(fd, b"end")]
        found += [os.fstat(fd), os.ftruncate(fd, 2000002), os.fchmod(fd, 0o640), os.fstat(fd)]
        found += [os.fchown(fd, 0, 0), os.pread(fd, 9, 2000000), os.write(fd, b""), os.fstat(fd).st_size]
        return found + [os.close(fd), read(path), os.stat(path)]

    def wrong_on_descriptors():
        fd = os.open(j("e/motd"), os.O_RDWR)
        acts = [
            lambda: os.getxattr(fd, "user.none"), lambda: os.removexattr(fd, "user.none"),
            lambda: os.getxattr(j("e/motd"), "user.none"), lambda: os.listdir(fd),
            lambda: os.ftruncate(fd, -1), lambda: os.truncate(fd, -1), lambda: os.lseek(fd, -1, 0),
            lambda: os.pwrite(fd, b"x", -1), lambda: os.pread(fd, 1, -1), lambda: os.lseek(fd, 0, 9),
            lambda: open(fd, "r+", closefd=False).truncate(-1), lambda: os.close(fd),
            lambda: os.fstat(fd), lambda: os.read(fd, 1),
        ]
        return [outcome(act) for act in acts]

    def vectors():
        fd = os.open(j("e/motd"), os.O_RDWR)
        one, other = bytearray(4), bytearray(20)
        found = [os.readv(fd, [one, other]), bytes(one + other), os.writev(fd, [b"A", b"BC"])]
        found += [os.preadv(fd, [one], 2), bytes(one), os.pwritev(fd, [b"x", b"y"], 1)]
        if hasattr(os, "copy_file_range"):  # Linux has it.
            found += [os.copy_file_range(fd, fd, 3, 0, 13)]
        return found + [os.close(fd), read(j("e/motd"))]

    def compared():
        for name, data in (("one", "1234"), ("two", "1235"), ("three", "1234")):
            write(j("full/" + name), data)
            os.utime(j("full/" + name), ns=(0, len(name) + ord(name[0])))
        same = filecmp.cmp(j("full/one"), j("full/two")), filecmp.cmp(j("full/one"), j("full/three"))
        write(j("full/three"), "1236")
        return same, filecmp.cmp(j("full/one"), j("full/three"))

    def into_itself():
        acts = (lambda: os.rename(j("e"), j("e/sub/e")), lambda: os.rename(j("e"), j("e/dir/e")))
        return [outcome(act) for act in acts]

    def in_place():
        for line in fileinput.input(j("full/a"), inplace=True, backup=".bak"):
            print("X" + line, end="")
        return read(j("full/a")), read(j("full/a.bak"))

    def copies():
        shutil.copy(j("e/motd"), j("full"))
        shutil.copy2(j("e/motd"), j("full/b"))
        shutil.copytree(j("full"), j("tree"), symlinks=True)
        shutil.move(j("tree"), j("e/sub"))
        walked = sorted((os.path.relpath(d, base), sorted(a), sorted(f)) for d, a, f in os.walk(base))
        return walked, os.path.samefile(j("e/motd"), j("e/rel"))

    def from_machine_and_back():
        with tempfile.TemporaryDirectory() as folder:
            write(folder + "/h", "host")
            os.chmod(folder + "/h", 0o750)
            shutil.copytree(folder, j("from"))
            shutil.copytree(j("from"), folder + "/back")
            shutil.move(j("from/h"), folder + "/moved")
            return read(folder + "/back/h"), os.stat(folder + "/moved"), os.listdir(j("from"))

    def archives():
        with zipfile.ZipFile(j("a.zip"), "w") as archive:
            archive.writestr("in/side", "data")
        with zipfile.ZipFile(j("a.zip")) as archive:
            archive.extractall(j("unzipped"))
        with tarfile.open(j("a.tgz"), "w:gz") as archive:
            member = tarfile.TarInfo("t/x")
            member.size, member.mode, member.mtime = 3, 0o711, 99
            archive.addfile(member, io.BytesIO(b"abc"))
        with tarfile.open(j("a.tgz")) as archive:
            archive.extractall(j("untarred"))
        found = os.stat(j("untarred/t/x"))
        return read(j("unzipped/in/side")), found, found.st_mtime

    def formats():
        with open(j("c.csv"), "w", newline="") as file:
            csv.writer(file).writerow(["a", "b c"])
        config = configparser.ConfigParser()
        config.read_string("[s]\nk=v\n")
        with open(j("c.ini"), "w") as file:
            config.write(file)
        with gzip.open(j("c.gz"), "wt") as file:
            file.write("gz")
        bz2.open(j("c.bz"), "wb").write(b"bz")
        return read(j("c.csv"), newline=""), config.read(j("c.ini")) != [], gzip.open(j("c.gz")).read()

    def working_directory():
        here = os.getcwd()
        os.chdir(j("e"))
        found = [sorted(os.listdir()), read("rel"), os.path.exists("motd"), os.path.abspath("x")]
        os.chdir("sub")
        write("../written")
        os.chdir(here)
        return found, read(j("e/written")), os.getcwd() == here

    def masks():
        old = os.umask(0o077)
        write(j("masked"))
        os.mkdir(j("masked.d"))
        return old, os.umask(old), os.stat(j("masked")), os.stat(j("masked.d"))

    def globs():
        found = glob.glob(j("e/*")), glob.glob(j("**/*o*"), recursive=True), glob.glob(j("e/m?td"))
        path = pathlib.Path(base)
        return [sorted(names) for names in found + (path.glob("*"), path.rglob("m*"))]

    def paths():
        path = pathlib.Path(base, "p")
        path.mkdir(0o700)
        (path / "a/b").mkdir(parents=True)
        (path / "f").write_text("T")
        (path / "l").symlink_to("f")
        (path / "f").chmod(0o755)
        found = [(path / "l").resolve(), (path / "f").stat(), (path / "l").read_bytes()]
        (path / "f").rename(path / "g")
        (path / "g").unlink()
        (path / "t").touch(0o600)
        return found, sorted(path.iterdir()), (path / "l").exists(), (path / "t").lstat()

    def bytes_and_odd_names():
        odd = os.path.join(os.fsencode(base), b"odd\xff")
        write(odd, b"\xff\x00", "wb")
        os.symlink(b"\xfe", odd + b".link")
        names = [name for name in sorted(os.listdir(base)) if name.startswith("odd")]
        entries = sorted(entry.name for entry in os.scandir(os.fsencode(base)))
        return names, entries, read(j("odd\udcff"), "rb"), os.readlink(j("odd\udcff.link"))

    def keywords():
        os.mkdir(path=j("kw"), mode=0o700)
        os.rename(src=j("kw"), dst=j("kw2"))
        os.symlink(src="a", dst=j("kw3"))
        return os.stat(path=j("kw2")), os.lstat(path=j("kw3")), os.listdir(path=j("kw2"))

    def wrong_arguments():
        return [outcome(lambda: act(5.5)) for act in (os.remove, os.stat, os.listdir, open)]

    yield from sorted(locals().items(), key=lambda item: item[0])


def outcome(act):
    try:
        return shown(act())
    except Exception as error:
        return "%s %s" % (type(error).__name__, getattr(error, "errno", None))


def modify(name, root, cfg):
    root = str(root)
    os.umask(0o022)
    if not os.path.isdir(os.path.join(root, "work")):
        os.mkdir(os.path.join(root, "work"))
    base = os.path.join(root, "work", "base")

    def tell(*words):
        print(" ".join(map(str, words)).replace(root, "ROOT"))

    fresh(base)
    for number, ask in enumerate(QUESTIONS):
        for path in NAMES:
            tell("question", number, ascii(path), outcome(lambda: ask(os.path.join(base, path))))
    for number, change in enumerate(CHANGES):
        for path in NAMES[:-1]:
            fresh(base)
            tell("change", number, ascii(path), outcome(lambda: change(os.path.join(base, path))))
            for folder, folders, files in sorted(os.walk(base)):
                found = [(f, shown(os.lstat(os.path.join(folder, f)))) for f in sorted(files)]
                tell("   ", folder, sorted(folders), found)
    fresh(base)
    for mode, script, act in streams(base):
        tell("stream", mode, script, outcome(act))
    for name, act in idioms(base):
        if callable(act) and name != "j":
            fresh(base)
            tell(name, outcome(act))
