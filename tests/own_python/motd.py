# Writes the message of the day and who built the image.
import os
import time


def modify(name, root, cfg):
    motd = os.path.join(root, "etc", "motd")
    with open(motd, "w") as fh:
        fh.write("Welcome to %s\n" % (cfg["motd"]["title"]))
    os.chmod(motd, 0o640)
    os.chown(motd, 0, 4)
    release = {}
    for line in open(os.path.join(root, "etc/os-release")):
        if "=" in line:
            key, value = line.strip().split("=", 1)
            release[key] = value.strip('"')
    fh = open(root + "/etc/issue", "a")
    fh.write("%s on %s\n" % (name, release["ID"]))
    fh.close()
    os.utime(motd, (1335830400, 1335830400))
    print("wrote %s bytes at %s" % (os.path.getsize(motd), time.gmtime(os.path.getmtime(motd))[0]))
