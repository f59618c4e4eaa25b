# Says what dnf would install and remove for each package: `resolve.py ROOT REPO PACKAGE...`.
import sys

import dnf

root, repo, *packages = sys.argv[1:]
for package in packages:
    base = dnf.Base()
    base.conf.installroot = root
    base.conf.cachedir = root + "/dnf"
    # Else it keeps the lists of modules in use in the host's own folder.
    base.conf.persistdir = root + "/dnf/kept"
    base.conf.install_weak_deps = False
    base.conf.substitutions["releasever"] = "1"
    base.repos.add_new_repo("repo", base.conf, baseurl=["file://" + repo])
    base.fill_sack(load_system_repo=True)
    base.package_install(base.add_remote_rpms([package])[0])
    try:
        base.resolve()
        new, old = base.transaction.install_set, base.transaction.remove_set
        print(*sorted("+" + str(p) for p in new), *sorted("-" + str(p) for p in old))
    except dnf.exceptions.DepsolveError:
        print("error")
    base.close()
