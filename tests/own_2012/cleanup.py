import fnmatch
import glob
import os
import shutil
import time

KEEP = ['*.keep', 'wtmp']


def modify(name, root, cfg):
    log = root + '/var/log'
    for entry in ('old.log', 'old.log.1', 'wtmp', 'a.keep'):
        open(os.path.join(log, entry), 'w').write('x' * 10)
    os.mkdir(log + '/apt')
    open(log + '/apt/history.log', 'w').close()
    freed = 0
    for fn in sorted(os.listdir(log)):
        path = os.path.join(log, fn)
        if any(fnmatch.fnmatch(fn, pattern) for pattern in KEEP):
            # Emptied, with owner and mode as they are.
            open(path, 'w').close()
        elif os.path.isdir(path):
            shutil.rmtree(path)
        else:
            freed += os.path.getsize(path)
            os.remove(path)
    print("freed %d bytes" % freed)
    for fn in glob.glob(os.path.join(root, 'etc', 'ssh', 'ssh_host_*')):
        os.unlink(fn)
    then = time.mktime(time.strptime('2012-06-01', '%Y-%m-%d'))
    for dirpath, dirnames, filenames in os.walk(log):
        for fn in filenames:
            os.utime(os.path.join(dirpath, fn), (then, then))
    try:
        os.rmdir(os.path.join(root, 'etc'))
    except OSError as e:
        print("as expected: %s" % e.strerror)
