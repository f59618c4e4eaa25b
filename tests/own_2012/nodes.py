# A chroot for a daemon: devices, a socket's place, setuid programs, files of the project.
import errno
import os
import pathlib
import shutil
import stat


def mkdir_p(path, mode=0o755):
    try:
        os.makedirs(path, mode)
    except OSError as e:
        if e.errno != errno.EEXIST:
            raise


def modify(name, root, cfg):
    jail = os.path.join(root, "var/lib/jail")
    mkdir_p(jail + "/dev")
    mkdir_p(jail + "/dev")
    if os.getuid() == 0:
        old = os.umask(0)
        os.mknod(jail + "/dev/null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.mknod(jail + "/dev/random", stat.S_IFCHR | 0o644, os.makedev(1, 8))
        os.mknod(jail + "/dev/loop300", stat.S_IFBLK | 0o660, os.makedev(7, 300))
        os.mkfifo(jail + "/dev/control", 0o620)
        os.umask(old)
        os.chown(jail + "/dev/control", 100, 5)
    tool = pathlib.Path(jail) / "bin" / "tool"
    tool.parent.mkdir()
    shutil.copyfile("tool.sh", str(tool))
    os.chown(str(tool), 0, 8)
    tool.chmod(0o4750)
    assert tool.stat().st_mode & stat.S_ISUID
    os.link(str(tool), str(tool) + "2")
    assert os.path.samefile(str(tool), str(tool) + "2") and os.stat(str(tool)).st_nlink == 2
    os.chmod(jail, 0o3771)
    os.chown(jail, 65534, -1)
    sizes = dict((p.name, p.stat().st_size) for p in pathlib.Path(jail).rglob("*") if p.is_file())
    print(sorted(sizes.items()))
