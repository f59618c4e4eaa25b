"""Lets modules of the standard library know the image where they would ask the machine.

Each is changed right after it is imported: importing them all would take longer than most steps.
"""

import errno
import os
import sys

from .channel import Refused, call
from .guard import UNSEEN, refuse
from .paths import FIRST_FD, locate
from .tree import DEVICE
from .values import text


def change_shutil(shutil):
    host = shutil.chown

    def chown(path, user=None, group=None, **named):
        if locate(path) is None:
            return host(path, user, group, **named)
        if user is None and group is None:
            raise ValueError("user and/or group must be set")
        return os.chown(path, number("user", user), number("group", group), **named)

    shutil.chown = chown


def number(kind, name):
    """Returns the id of a user or group by the names of the image; -1 for None."""
    if name is None:
        return -1
    if isinstance(name, int):
        return name
    found = call(kind, name)
    if found is None:
        raise LookupError("no such %s in the image: %r" % (kind, name))
    return found[{"user": "uid", "group": "gid"}[kind]]


def accounts(operation):
    """Returns all users or groups of the image; without the files for them there are none."""
    try:
        return text(call(operation))
    except Refused as refused:
        if refused.number == errno.ENOENT:
            return []
        error = refused.plain()
    raise error


def first(found, key, value, function):
    """Returns the one of some entries that has a value, as the functions of pwd and grp do."""
    for entry in found:
        if getattr(entry, key) == value:
            return entry
    raise KeyError("%s(): the image has no %r" % (function, value))


def change_pwd(pwd):
    def getpwall():
        rows = (
            (user.name, "x", user.uid, user.gid, user.gecos, user.home, user.shell)
            for user in accounts("users")
        )
        return [pwd.struct_passwd(row) for row in rows]

    pwd.getpwall = getpwall
    pwd.getpwnam = lambda name: first(getpwall(), "pw_name", name, "getpwnam")
    pwd.getpwuid = lambda uid: first(getpwall(), "pw_uid", uid, "getpwuid")


def change_grp(grp):
    def getgrall():
        rows = ((group.name, "x", group.gid, group.members) for group in accounts("groups"))
        return [grp.struct_group(row) for row in rows]

    grp.getgrall = getgrall
    grp.getgrnam = lambda name: first(getgrall(), "gr_name", name, "getgrnam")
    grp.getgrgid = lambda gid: first(getgrall(), "gr_gid", gid, "getgrgid")


def change_pathlib(pathlib):
    host_resolve = pathlib.Path.resolve

    def name(kind):
        host = getattr(pathlib.Path, "owner" if kind == "user" else kind)

        def run(self, **named):
            path = locate(self)
            if path is None:
                return host(self, **named)
            try:
                answer = call("stat", path, follow=named.get("follow_symlinks", True))
            except Refused as refused:
                error = refused.at(str(self))
                raise error from None
            if answer[kind] is None:
                raise KeyError("the image has no name for the %s of %s" % (kind, self))
            return text(answer[kind])

        return run

    def resolve(self, strict=False):
        if locate(self) is None:
            return host_resolve(self, strict)
        return type(self)(os.path.realpath(self, strict=strict))

    pathlib.Path.owner, pathlib.Path.group = name("user"), name("group")
    if sys.version_info < (3, 10):  # Later ones ask os.path.realpath.
        pathlib.Path.resolve = resolve


def change_tarfile(tarfile):
    host = tarfile.TarFile.chown

    def chown(self, member, target, numeric_owner=False):
        if locate(target) is None:
            return host(self, member, target, numeric_owner)
        ids = []
        for kind, name, given in (
            ("user", member.uname, member.uid),
            ("group", member.gname, member.gid),
        ):
            try:
                ids.append(number(kind, name if name and not numeric_owner else given))
            except LookupError:
                ids.append(given)
        return os.lchown(target, *ids)

    tarfile.TarFile.chown = chown


def change_fcntl(fcntl):
    def without_locks(host):
        def run(fd, *args):
            number = fd if isinstance(fd, int) else fd.fileno()
            # Nobody else is in the image.
            return host(fd, *args) if number < FIRST_FD else 0

        return run

    fcntl.flock, fcntl.lockf = without_locks(fcntl.flock), without_locks(fcntl.lockf)


def change_subprocess(subprocess):
    host = subprocess.Popen._get_handles

    def get_handles(self, *streams):
        for stream in streams:
            number = stream.fileno() if hasattr(stream, "fileno") else stream
            if isinstance(number, int) and number >= FIRST_FD:
                raise PermissionError(errno.EPERM, UNSEEN % "another program")
        return host(self, *streams)

    subprocess.Popen._get_handles = get_handles


def change_filecmp(filecmp):
    host = filecmp._sig

    def signature(status):
        # What steps make has one time, so it says nothing of the content.
        return host(status) + ((object(),) if status.st_dev == DEVICE else ())

    filecmp._sig = signature


def change_dbm(dbm):
    dbm.open = refuse(dbm.open, UNSEEN % ("what opens files by itself (%s)" % dbm.__name__))


CHANGES = {
    "dbm.gnu": change_dbm,
    "dbm.ndbm": change_dbm,
    "fcntl": change_fcntl,
    "filecmp": change_filecmp,
    "grp": change_grp,
    "pathlib": change_pathlib,
    "pwd": change_pwd,
    "shutil": change_shutil,
    "subprocess": change_subprocess,
    "tarfile": change_tarfile,
}


class Finder:
    """Finds the modules that are changed by asking the other finders."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name not in CHANGES:
            return None
        for finder in sys.meta_path:
            spec = None if finder is cls else finder.find_spec(name, path, target)
            if spec is not None:
                spec.loader = Loader(spec.loader, CHANGES[name])
                return spec
        return None


class Loader:
    """Loads as another loader does, then changes the module."""

    def __init__(self, loader, change):
        self.loader, self.change = loader, change

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        self.change(module)

    def __getattr__(self, name):
        return getattr(self.loader, name)


def change():
    """Changes what is imported, and what will be."""
    sys.meta_path.insert(0, Finder)
    for name in CHANGES.keys() & sys.modules.keys():
        CHANGES[name](sys.modules[name])
