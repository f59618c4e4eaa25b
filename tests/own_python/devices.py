"""Makes what a system without udev needs in /dev."""
import os, stat

DEVICES = [
    ("null", stat.S_IFCHR, 0o666, 1, 3, "root"),
    ("console", stat.S_IFCHR, 0o600, 5, 1, "tty"),
    ("sda1", stat.S_IFBLK, 0o660, 8, 1, "disk"),
]


def modify(name, root, cfg):
    if os.geteuid() != 0:
        raise SystemExit("only root can make devices")
    dev = os.path.join(root, 'dev')
    if not os.path.isdir(dev):
        os.makedirs(dev, 0o755)
    groups = dict((line.split(":")[0], int(line.split(":")[2]))
                  for line in open(os.path.join(root, "etc/group")))
    old = os.umask(0)
    try:
        for base, kind, mode, major, minor, group in DEVICES:
            path = os.path.join(dev, base)
            if os.path.lexists(path):
                os.unlink(path)
            os.mknod(path, kind | mode, os.makedev(major, minor))
            os.chown(path, -1, groups[group])
        os.mkfifo(os.path.join(dev, "initctl"), 0o600)
    finally:
        os.umask(old)
    os.symlink("/proc/self/fd", os.path.join(dev, "fd"))
    assert os.stat(os.path.join(dev, "sda1")).st_rdev == os.makedev(8, 1)
