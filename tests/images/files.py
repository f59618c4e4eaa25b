"""files.py FOLDER: makes a folder with a bit of everything that a user may make.

Times are whole seconds before 2038: mke2fs keeps no more of them."""

import os
import socket
import stat
import sys

root = sys.argv[1]
os.makedirs(root + "/dir/deep/er")
os.makedirs(root + "/many")
for number in range(300):
    with open(f"{root}/many/{'n' * 60}{number}", "w") as file:
        file.write(f"{number}\n" if number % 3 else "")
with open(root + "/dir/big", "wb") as file:
    for number in range(40_000):
        file.write(b"%09d\n" % number)
with open(root + "/dir/tiny", "w") as file:
    file.write("tiny")
with open(root + "/dir/small", "w") as file:
    file.write("s" * 140)
with open(root + "/dir/sparse", "wb") as file:
    for place in (1, 3, 1000):
        file.seek(place << 16)
        file.write(b"x" * (1 << 16))
os.link(root + "/dir/big", root + "/dir/deep/big")
os.link(root + "/dir/tiny", root + "/many/tiny")
for length in (1, 59, 60, 200, 900):
    os.symlink("t" * length, f"{root}/link{length}")
os.mkfifo(root + "/fifo")
with socket.socket(socket.AF_UNIX) as sock:
    here = os.open(".", os.O_RDONLY)
    os.chdir(root)
    sock.bind("socket")
    os.fchdir(here)
os.chmod(root + "/dir/tiny", 0o4711)
os.chmod(root + "/dir", 0o1777)
os.mkdir(root.encode() + b"/dir/\xff\xfe name")
os.setxattr(root + "/dir/tiny", "user.short", b"v")
os.setxattr(root + "/dir/big", "user.long", b"v" * 900)
os.setxattr(root + "/dir", "user.on-a-folder", b"\0\1")
# Access for user 7 and group 8: version 2, then tag, permissions and id of each entry.
acl = b"\2\0\0\0" + b"".join(
    tag.to_bytes(2, "little") + perm.to_bytes(2, "little") + who.to_bytes(4, "little")
    for tag, perm, who in [
        (1, 6, 0xFFFFFFFF), (2, 5, 7), (4, 4, 0xFFFFFFFF), (8, 1, 8),
        (16, 7, 0xFFFFFFFF), (32, 4, 0xFFFFFFFF),
    ]
)
os.setxattr(root + "/dir/small", "system.posix_acl_access", acl)
os.setxattr(root + "/dir/deep", "system.posix_acl_default", acl)
seconds = 1_000_000_000
for folder, folders, names in os.walk(root.encode(), topdown=False):
    for name in sorted(folders + names) + [b"."]:
        seconds += 1
        os.utime(os.path.join(folder, name), (seconds, seconds), follow_symlinks=False)
# That of the root, mke2fs does not take over: tests set it.
os.utime(root, (1_100_000_000, 1_100_000_000))
assert stat.S_ISSOCK(os.lstat(root + "/socket").st_mode)
