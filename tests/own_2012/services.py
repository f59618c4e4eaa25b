# Links in rc?.d, as update-rc.d makes them, and a script.
import os
import re
import stat
import string

SCRIPT = string.Template("""#!/bin/sh
### BEGIN INIT INFO
# Provides: $service
### END INIT INFO
exec /usr/sbin/$service "$$@"
""")


def modify(name, root, cfg):
    init = os.path.join(root, "etc/init.d")
    os.path.isdir(init) or os.mkdir(init, 0o755)
    for number, service in enumerate(cfg["services"]):
        path = os.path.join(init, service)
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        with os.fdopen(fd, "w") as out:
            out.write(SCRIPT.substitute(service=service))
        mode = os.stat(path)[stat.ST_MODE]
        os.chmod(path, stat.S_IMODE(mode) | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        for level in "2345":
            folder = os.path.join(root, "etc/rc%s.d" % level)
            if not os.path.exists(folder):
                os.mkdir(folder)
            link = os.path.join(folder, "S%02d%s" % (number + 20, service))
            os.symlink(os.path.relpath(path, folder), link)
            assert os.path.realpath(link) == path and os.readlink(link).startswith("../")
            assert stat.S_ISLNK(os.lstat(link).st_mode) and os.access(link, os.X_OK)
    # Renumbers those of one level.
    folder = os.path.join(root, "etc/rc5.d")
    for entry in os.listdir(folder):
        found = re.match(r"S(\d\d)(.*)$", entry)
        new = "S%02d%s" % (int(found.group(1)) + 50, found.group(2))
        os.rename(os.path.join(folder, entry), os.path.join(folder, new))
