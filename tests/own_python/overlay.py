# Lays the project's folder over the image, as `cp -r` would, owned by who is named.
import os
import pwd
import shutil


def modify(name, root, cfg):
    top = cfg["overlay"]["from"]
    target = os.path.join(root, "srv/site")
    shutil.copytree(top, target, symlinks=True)
    for dirpath, dirnames, filenames in os.walk(target):
        for each in [dirpath] + [os.path.join(dirpath, f) for f in filenames]:
            os.lchown(each, 1000, 1000)
            if not os.path.islink(each):
                os.chmod(each, 0o750 if os.path.isdir(each) else 0o640)
    shutil.chown(os.path.join(target, "index.html"), "ada", "mail")
    shutil.copy(os.path.join(target, "index.html"), os.path.join(root, "srv/copy.html"))
    os.link(os.path.join(root, "srv/copy.html"), os.path.join(root, "srv/same.html"))
    shutil.move(os.path.join(root, "srv/copy.html"), os.path.join(root, "srv/moved.html"))
    shutil.rmtree(os.path.join(target, "drafts"))
    assert not os.path.exists(os.path.join(target, "drafts"))
    assert pwd.getpwuid(0).pw_name == "root"
