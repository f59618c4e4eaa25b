# The same edits again, by a module that takes `root` for a folder.
import glob
import os
import re
import shutil
import stat


def modify(name, root, cfg):
    def j(path):
        return os.path.join(root, path)

    def change(path, edit):
        with open(j(path), "r+") as file:
            text = edit(file.read())
            file.seek(0)
            file.truncate()
            file.write(text)

    with open(j("etc/motd"), "w") as file:
        file.write("hello\n")
    os.chmod(j("etc/motd"), 0o640)
    os.chown(j("etc/motd"), 1, 4)
    with open(j("etc/hosts"), "a") as file:
        file.write("10.0.0.2\tother\n")
    change("etc/hosts", lambda text: text.replace("fixture", cfg["host"]))
    change("etc/login.defs", lambda text: re.sub("PASS_MAX_DAYS.*", "PASS_MAX_DAYS 90", text))
    os.makedirs(j("srv/app/data"))
    os.chmod(j("srv/app/data"), 0o2750)
    with open(os.path.join(os.fsencode(root), b"srv/app/\xff\xfe"), "wb") as file:
        file.write(b"\x00\xff")
    os.symlink("../app", j("srv/app/data/up"))
    os.link(j("etc/motd"), j("srv/app/motd"))
    os.mknod(j("dev/null0"), stat.S_IFCHR, os.makedev(1, 3))
    os.chmod(j("dev/null0"), 0o666)
    os.mkfifo(j("srv/app/pipe"), 0o600)
    os.chmod(j("usr/bin/dash"), 0o4754)
    for place, folders, files in os.walk(j("srv/app")):
        for path in [place] + [os.path.join(place, file) for file in folders + files]:
            os.lchown(path, 1000, 8)
    os.setxattr(j("srv/app/data"), "user.note", b"\x00note")
    os.rename(j("etc/skel/.bashrc"), j("etc/skel/.kshrc"))
    shutil.copytree(j("etc/skel"), j("srv/skel"))
    shutil.rmtree(j("etc/sudoers.d"))
    shutil.copyfile("host.txt", j("srv/host.txt"))
    os.truncate(j("srv/host.txt"), 4)
    os.utime(j("srv/skel"), ns=(0, 1234567890000000005))
    names = sorted(path[len(root):] for path in glob.glob(j("etc/*s")))
    with open(j("etc/shells")) as file:
        names += file.read().splitlines()
    with open(j("srv/listing"), "w") as file:
        file.write("\n".join(names))
