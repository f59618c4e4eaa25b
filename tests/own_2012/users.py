"""Adds users by hand: lines in three files, and a home from /etc/skel."""
import crypt_free as crypt
import fcntl
import grp
import os
import pwd
import shutil


def append(root, fn, line):
    path = os.path.join(root, fn.lstrip('/'))
    fd = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX)
        os.write(fd, (line + "\n").encode('utf-8'))
    finally:
        os.close(fd)


def next_id(root):
    ids = [int(line.split(':')[2]) for line in open(os.path.join(root, 'etc/passwd'))]
    return max(i for i in ids if i < 60000) + 1


def modify(name, root, cfg):
    for user in cfg['users']:
        uid = gid = next_id(root)
        home = '/home/%s' % user
        append(root, '/etc/passwd', '%s:x:%d:%d::%s:/bin/sh' % (user, uid, gid, home))
        append(root, '/etc/group', '%s:x:%d:' % (user, gid))
        append(root, '/etc/shadow', '%s:%s:15000:0:99999:7:::' % (user, crypt.locked()))
        path = root + home
        shutil.copytree(os.path.join(root, 'etc/skel'), path, symlinks=True)
        os.makedirs(os.path.join(path, '.ssh'), 0o700)
        with open(os.path.join(path, '.ssh', 'authorized_keys'), 'w') as fh:
            fh.write("ssh-rsa AAAA %s\n" % user)
        os.chmod(os.path.join(path, '.ssh', 'authorized_keys'), 0o600)
        for base, dirs, files in os.walk(path, topdown=False):
            for entry in dirs + files:
                os.lchown(os.path.join(base, entry), uid, gid)
        os.chown(path, uid, gid)
        assert pwd.getpwnam(user).pw_dir == home and pwd.getpwuid(uid)[0] == user
        assert grp.getgrnam(user).gr_gid == os.stat(path).st_gid
