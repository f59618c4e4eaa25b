//! Keywords of sshd and values, and who takes them.

/// Who takes a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Both,
    None,
    /// sshd alone; the reason is beside the row.
    Theirs,
    /// hsb alone; the reason is beside the row.
    Ours,
}
use Taken::{Both, None, Theirs};

/// Keywords and values.
pub(super) const ROWS: &[(&str, &[(&str, Taken)])] = &[
    (
        "PermitRootLogin",
        &[
            ("maybe", None),
            ("'yes'", Both),
            ("NO", Both),
            ("forced-commands-only", Both),
            ("yes no", None),
            ("'\"true\"'", None),
            ("'yes # for now'", Both),
        ],
    ),
    ("UsePAM", &[("true", Both), ("'on'", None), ("1", None)]),
    ("UseDNS", &[("maybe", None)]),
    (
        "Port",
        &[
            ("22", Both),
            ("[22, 2222]", Both),
            ("0", None),
            ("65535", Both),
            ("65536", None),
            ("-1", None),
            ("22 23", None),
            // Which numbers names have, /etc/services of the image says.
            ("ssh", Theirs),
        ],
    ),
    (
        "ListenAddress",
        &[
            ("0.0.0.0", Both),
            ("'127.0.0.1:2222'", Both),
            ("'127.0.0.1:0'", None),
            ("'127.0.0.1:x'", None),
            ("1.2.3.999", None),
            ("'::1'", Both),
            ("'[::1]:22'", Both),
            ("'[::1]:99999'", None),
            ("'[::1'", None),
            ("localhost", Both),
        ],
    ),
    (
        "LoginGraceTime",
        &[
            ("120", Both),
            ("1h30m", Both),
            ("2M", Both),
            ("2x", None),
            ("''", None),
            ("1.5", None),
            ("99999999999", None),
        ],
    ),
    (
        "MaxAuthTries",
        &[
            ("3", Both),
            ("-1", None),
            ("3x", None),
            ("2147483648", None),
        ],
    ),
    (
        "MaxStartups",
        &[
            ("10", Both),
            ("'10:30:60'", Both),
            ("'10:30'", None),
            ("'10:0:60'", None),
            ("'10:101:60'", None),
            ("'61:30:60'", None),
            ("0", None),
        ],
    ),
    (
        "LogLevel",
        &[("loud", None), ("debug3", Both), ("Info", Both)],
    ),
    (
        "SyslogFacility",
        &[("local8", None), ("LOCAL7", Both), ("authpriv", Both)],
    ),
    (
        "Subsystem",
        &[
            ("sftp", None),
            ("sftp internal-sftp", Both),
            ("[sftp internal-sftp, x /x -y]", Both),
            ("[sftp internal-sftp, sftp /x]", None),
        ],
    ),
    ("ForceCommand", &[("'\"a'", None), ("'\"a b\" c'", Both)]),
    ("Compression", &[("zlib", None), ("delayed", Both)]),
    ("AddressFamily", &[("ipv4", None), ("inet6", Both)]),
    (
        "IPQoS",
        &[
            ("foo", None),
            ("af21 cs1", Both),
            ("8", Both),
            ("256", None),
            ("'08'", None),
            ("'010'", Both),
            ("ef ef ef", None),
        ],
    ),
    (
        "Ciphers",
        &[
            ("aes256-ctr", Both),
            ("'aes128-ctr,aes256-ctr'", Both),
            ("+aes128-cbc", Both),
            ("'-aes128*'", Both),
            ("aes255-ctr", None),
            // Something is missing there.
            ("'aes128-ctr,'", Theirs),
            ("aes128-ctr aes256-ctr", None),
        ],
    ),
    (
        "MACs",
        &[
            ("hmac-sha2-256", Both),
            ("hmac-sha3-256", None),
            ("aes128-ctr", None),
            ("sha2-256", None),
            ("a", None),
            ("'-sha3,no'", Both),
        ],
    ),
    (
        "KexAlgorithms",
        &[
            ("curve25519-sha256", Both),
            ("curve25518-sha256", None),
            ("ssh-ed25519", None),
            ("gss-group14-sha256-", None),
            ("'*'", None),
            ("'-diffie-*'", Both),
        ],
    ),
    (
        "GSSAPIKexAlgorithms",
        &[
            ("'gss-group14-sha256-,gss-group16-sha512-'", Both),
            ("curve25519-sha256", None),
            ("+gss-group14-sha256-", None),
            ("gss-group15-sha256-", None),
        ],
    ),
    ("LogVerbose", &[("'kex.c:*:1000'", Both), ("none x", None)]),
    ("AuthorizedKeysFile", &[("none", Both), ("'\"\" a'", None)]),
    (
        "PidFile",
        &[("none", Both), ("'\"\"'", None), ("'='", None)],
    ),
    (
        "HostKeyAlgorithms",
        &[
            ("ssh-ed25519", Both),
            ("ssh-ed25518", None),
            ("'-ssh-*'", Both),
        ],
    ),
    (
        "RekeyLimit",
        &[
            ("1G 1h", Both),
            ("default none", Both),
            ("1X", None),
            ("1G 1x", None),
            ("15", None),
            ("16", Both),
        ],
    ),
    (
        "StreamLocalBindMask",
        &[("'0177'", Both), ("'01777'", None), ("x", None)],
    ),
    (
        "AuthorizedKeysCommand",
        // It needs the user as well, who is another option.
        &[("keys", None), ("none", Both), ("/bin/keys %u", None)],
    ),
    ("PermitTunnel", &[("maybe", None), ("point-to-point", Both)]),
    ("AllowTcpForwarding", &[("remote", Both), ("some", None)]),
    ("Banner", &[("/etc/issue.net", Both), ("a b", None)]),
    // The first one counts, the other one would be for nothing.
    ("PasswordAuthentication", &[("[yes, no]", Theirs)]),
    ("ClientAliveInterval", &[("5m", Both), ("x", None)]),
    (
        "PerSourceMaxStartups",
        &[("none", Both), ("NONE", None), ("x", None)],
    ),
    (
        "PerSourceNetBlockSize",
        &[("'32:128'", Both), ("33", None), ("'24:129'", None)],
    ),
    (
        "SetEnv",
        &[("A=b", Both), ("A", None), ("A=b C=\"d e\"", Both)],
    ),
    ("X11DisplayOffset", &[("10", Both), ("ten", None)]),
    ("IgnoreRhosts", &[("shosts-only", Both), ("some", None)]),
    (
        "PubkeyAcceptedKeyTypes",
        &[("+ssh-rsa", Both), ("ssh-rsb", None)],
    ),
    ("HostbasedAcceptedKeyTypes", &[("ssh-ed25519", Both)]),
    // OpenSSH 9.8 and later alone.
    ("PerSourcePenalties", &[("'yes'", None)]),
    // sshd of Debian warns of what is there no more.
    ("UsePrivilegeSeparation", &[("sandbox", Both)]),
    // OpenBSD alone has them.
    ("RDomain", &[("'%D'", None), ("x", None), ("none", None)]),
    (
        "AuthenticationMethods",
        &[
            ("any", Both),
            ("none", Both),
            (
                "'publickey,password publickey,keyboard-interactive:pam'",
                Both,
            ),
            ("'publickey,foo'", None),
            ("'publickey,'", None),
            ("any publickey", None),
            ("publickey any", None),
            // They are off without another option.
            ("gssapi-with-mic", None),
            ("'gssapi-keyex,publickey'", None),
            ("'hostbased,publickey'", None),
            ("'hostbased publickey'", Both),
        ],
    ),
    (
        "AllowUsers",
        &[
            ("[a, b@1.2.3.0/24]", Both),
            ("a b", Both),
            ("'a@10.0.0.1/99'", None),
            ("'a@10.0.0.1/24'", None),
            ("'a@10.0.0.0/8,!10.0.0.1,*.example.com'", Both),
            ("'a@2001:db8::/32'", Both),
            ("'a@2001:db8::1/32'", None),
            ("'a@0.0.0.0/0'", Both),
            ("'a@1.2.3.4/32 b'", Both),
            ("'a@'", None),
            ("'a@b,,c'", None),
            // It is no network, and fits no host.
            ("'a@10.0.0.0/129'", Theirs),
        ],
    ),
    ("DenyUsers", &[("'a@10.0.0.1/99'", None), ("'*@::1'", Both)]),
    (
        "AllowGroups",
        &[("'a@10.0.0.1/99'", Both), ("a b", Both), ("'a \"\"'", None)],
    ),
    (
        "PermitOpen",
        &[
            ("any", Both),
            ("none", Both),
            ("'host:1 [::1]:22 *:80 h:*'", Both),
            ("host", None),
            ("any x", None),
            ("'a:1 any'", None),
            ("'::1:22'", None),
            ("a/22", None),
            ("'a:0'", None),
            ("'[::1'", None),
            ("'[::1]'", None),
        ],
    ),
    (
        "PermitListen",
        &[
            ("any", Both),
            ("none", Both),
            ("'8080 localhost:80 h:*'", Both),
            ("'*'", Both),
            ("'x:y'", None),
            ("x", None),
            ("0", None),
            ("'x:0'", None),
            ("'80 none'", None),
        ],
    ),
    ("AcceptEnv", &[("LANG LC_*", Both), ("A=B", None)]),
    (
        "PubkeyAuthOptions",
        &[
            ("none", Both),
            ("touch-required Verify-Required", Both),
            ("touch", None),
            ("yes", None),
        ],
    ),
    (
        "ChannelTimeout",
        &[
            ("none", Both),
            ("session=10m *=1h", Both),
            ("session", None),
            ("10m", None),
            ("=10m", None),
            ("session=x", None),
            ("none session=1m", None),
        ],
    ),
];
