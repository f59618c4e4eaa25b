# Writes the network's settings, a file for each interface.
import os
import socket
import struct

TEMPLATE = """# Made by %(module)s, do not edit
DEVICE=%(device)s
BOOTPROTO=%(proto)s
ONBOOT=yes
"""


def netmask(bits):
    return socket.inet_ntoa(struct.pack(">I", (0xffffffff << (32 - bits)) & 0xffffffff))


def modify(name, root, cfg):
    scripts = os.path.join(root, 'etc', 'sysconfig', 'network-scripts')
    if not os.path.isdir(scripts):
        os.makedirs(scripts)
    for interface in cfg['interfaces']:
        fn = os.path.join(scripts, 'ifcfg-%s' % (interface['device']))
        contents = TEMPLATE % {'module': name, 'device': interface['device'],
                               'proto': interface.get('proto', 'dhcp')}
        if 'address' in interface:
            address, bits = interface['address'].split('/')
            contents += "IPADDR=%s\nNETMASK=%s\n" % (address, netmask(int(bits)))
        fh = open(fn, 'w')
        try:
            fh.write(contents)
        finally:
            fh.close()
        os.chmod(fn, 0o600)
    with open(os.path.join(root, 'etc/hosts'), 'a') as fh:
        fh.write("\t".join(['10.0.0.1', 'gateway']) + os.linesep)
    if os.path.exists(os.path.join(root, 'etc/resolv.conf')):
        os.unlink(os.path.join(root, 'etc/resolv.conf'))
    os.symlink('../run/resolvconf/resolv.conf', os.path.join(root, 'etc/resolv.conf'))
