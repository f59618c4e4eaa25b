"""Reads the image in archives as Python does, at once and as a stream.

    members.py SHA256 ARCHIVE...
"""

import hashlib
import sys
import tarfile

for path in sys.argv[2:]:
    for mode in ("r:*", "r|*"):
        with tarfile.open(path, mode) as archive:
            members = []
            for member in archive:
                assert member.isfile(), member
                digest = hashlib.sha256()
                file = archive.extractfile(member)
                while piece := file.read(1 << 20):
                    digest.update(piece)
                members.append(digest.hexdigest())
            assert members == [sys.argv[1]], (path, mode, members)
