#!/usr/bin/env python3
"""Writes seeds for the fuzz target `oci`: images in every form, as fuzz/src/oci.rs takes them."""

import gzip
import io
import sys
import tarfile


def layer(names):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in names:
            member = tarfile.TarInfo(name.rstrip("/"))
            member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            tar.addfile(member)
    return gzip.compress(out.getvalue()[: 512 * len(names)] + bytes(1024), mtime=0)


OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker."
CONFIG = '{"architecture":"amd64","os":"linux","config":{"Env":["A=b"]}}'
IDS = CONFIG[:-1] + ',"rootfs":{"type":"layers","diff_ids":["sha256:$0","sha256:$1"]}}'


def descriptor(number, kind, more=""):
    return f'{{"mediaType":"{kind}","digest":"sha256:${number}","size":#{number}{more}}}'


def manifest(config, layers, kind=OCI):
    end = "manifest.v1+json" if kind == OCI else "distribution.manifest.v2+json"
    blob = "layer.v1.tar+gzip" if kind == OCI else "image.rootfs.diff.tar.gzip"
    of = "config.v1+json" if kind == OCI else "container.image.v1+json"
    layers = ",".join(descriptor(number, kind + blob) for number in layers)
    config = descriptor(config, kind + of)
    return f'{{"schemaVersion":2,"mediaType":"{kind}{end}","config":{config},"layers":[{layers}]}}'


def index(manifests):
    return f'{{"schemaVersion":2,"manifests":[{",".join(manifests)}]}}'


NAMED = ',"annotations":{"org.opencontainers.image.ref.name":"latest"}'
AMD = ',"platform":{"architecture":"amd64","os":"linux"}'
ARM = ',"platform":{"architecture":"arm64","os":"linux","variant":"v8"}'
LOWER, UPPER = layer(["a/", "a/b", "c"]), layer([".wh.c", "a/.wh..wh..opq"])
MANIFEST = OCI + "manifest.v1+json"

images = [
    (0, [LOWER, CONFIG, manifest(1, [0]), index([descriptor(2, MANIFEST, NAMED)])]),
    (1, [LOWER, UPPER, IDS, manifest(2, [0, 1]), index([descriptor(3, MANIFEST, AMD)])]),
    (
        0,
        [LOWER, CONFIG, manifest(1, [0]), index([descriptor(2, MANIFEST, AMD), descriptor(2, MANIFEST, ARM)])]
        + [index([descriptor(3, OCI + "index.v1+json", NAMED)])],
    ),
    (
        1,
        [LOWER, CONFIG, manifest(1, [0], DOCKER)]
        + [index([descriptor(2, DOCKER + "distribution.manifest.v2+json")])],
    ),
    (2, [LOWER, UPPER, CONFIG, '[{"Config":"$2","RepoTags":["a:1"],"Layers":["$0","$1"]}]']),
    (2, [LOWER, CONFIG, '[{"Config":"$1","RepoTags":null,"Layers":["$0","$0"]}]']),
]

for number, (form, files) in enumerate(images):
    seed = bytes([form])
    for file in files:
        file = file if isinstance(file, bytes) else file.encode()
        seed += len(file).to_bytes(2, "little") + file
    with open(f"{sys.argv[1]}/seed-{number}", "wb") as out:
        out.write(seed)
