# Lists what is in the image, with sums; the last step.
import csv
import gzip
import hashlib
import os
import stat
import tarfile


def digest(path):
    md5 = hashlib.md5()
    with open(path, 'rb') as fh:
        while True:
            piece = fh.read(8192)
            if not piece:
                break
            md5.update(piece)
    return md5.hexdigest()


def modify(name, root, cfg):
    rows = []
    for dirpath, dirnames, filenames in os.walk(os.path.join(root, 'etc')):
        dirnames.sort()
        for fn in sorted(filenames):
            path = os.path.join(dirpath, fn)
            st = os.lstat(path)
            if stat.S_ISREG(st.st_mode):
                rows.append([path[len(root):], '%04o' % stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid,
                             digest(path)])
    with open(os.path.join(root, 'etc/manifest.csv'), 'w') as fh:
        csv.writer(fh, lineterminator='\n').writerows(rows)
    with gzip.GzipFile(os.path.join(root, 'etc/manifest.csv.gz'), 'wb', mtime=0) as fh:
        fh.write(open(os.path.join(root, 'etc/manifest.csv'), 'rb').read())
    with tarfile.open(os.path.join(root, 'var/homes.tar'), 'w') as tar:
        tar.add(os.path.join(root, 'home'), 'home')
    with tarfile.open(os.path.join(root, 'var/homes.tar')) as tar:
        print(len(rows), [(m.name, m.uname) for m in tar if m.isfile()])
