//! The keywords of sshd_config(5): what each takes, and what sshd makes of a second line of it.

use super::algorithm::Sort;
use super::argument::Takes::{self, *};

/// A keyword of OpenSSH 4.3 to 10.0, but for `Include` and `Match`.
pub(super) struct Keyword {
    /// As the manual spells it; case does not matter to sshd.
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    pub(super) lines: Lines,
}

/// What sshd makes of several lines with one keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lines {
    /// The first one counts.
    First,
    /// All of them count.
    All,
    /// Each has a name, and sshd does not start when one is there twice.
    Named,
}

/// A version of OpenSSH, as in 9.2.
pub(super) type Version = (u32, u32);

/// The later and the earlier name of one option, and the version since which both mean the same.
/// Nothing where the later name came with that meaning.
const RENAMED: [(&str, &str, Option<Version>); 7] = [
    (
        "KbdInteractiveAuthentication",
        "ChallengeResponseAuthentication",
        Some((8, 7)),
    ),
    (
        "KbdInteractiveAuthentication",
        "SkeyAuthentication",
        Some((8, 7)),
    ),
    ("PubkeyAcceptedAlgorithms", "PubkeyAcceptedKeyTypes", None),
    (
        "HostbasedAcceptedAlgorithms",
        "HostbasedAcceptedKeyTypes",
        None,
    ),
    ("PubkeyAuthentication", "DSAAuthentication", None),
    ("TCPKeepAlive", "KeepAlive", None),
    ("HostKey", "HostDSAKey", None),
];

impl Keyword {
    pub(super) fn find(name: &str) -> Option<&'static Keyword> {
        let mut all = KEYWORDS.iter();
        all.find(|keyword| keyword.name.eq_ignore_ascii_case(name))
    }

    /// Returns all names of the option in small letters, as a version of sshd has it; the newest if
    /// nothing is known of that.
    pub(super) fn names(&self, version: Option<Version>) -> Vec<String> {
        let counts = |since: Option<Version>| since.is_none_or(|since| version >= Some(since));
        let counts = |since| version.is_none() || counts(since);
        let later = RENAMED
            .iter()
            .find(|(_, earlier, since)| earlier.eq_ignore_ascii_case(self.name) && counts(*since));
        let name = later.map_or(self.name, |(later, ..)| later);
        let earlier = RENAMED
            .iter()
            .filter(|(later, _, since)| *later == name && counts(*since));
        let names = std::iter::once(name).chain(earlier.map(|(_, earlier, _)| *earlier));
        names.map(str::to_ascii_lowercase).collect()
    }
}

const FORWARDING: Takes = OneOf(&["yes", "no", "all", "local", "remote"]);

const fn first(name: &'static str, takes: Takes) -> Keyword {
    let lines = Lines::First;
    Keyword { name, takes, lines }
}

const fn all(name: &'static str, takes: Takes) -> Keyword {
    let lines = Lines::All;
    Keyword { name, takes, lines }
}

/// All of them, in the order of the alphabet.
#[rustfmt::skip]
pub(super) const KEYWORDS: &[Keyword] = &[
    all("AcceptEnv", Names),
    first("AddressFamily", OneOf(&["any", "inet", "inet6"])),
    first("AllowAgentForwarding", Flag),
    all("AllowGroups", Patterns),
    first("AllowStreamLocalForwarding", FORWARDING),
    first("AllowTcpForwarding", FORWARDING),
    all("AllowUsers", Users),
    first("AuthenticationMethods", Methods),
    first("AuthorizedKeysCommand", Program),
    first("AuthorizedKeysCommandUser", Word),
    first("AuthorizedKeysFile", Patterns),
    first("AuthorizedPrincipalsCommand", Program),
    first("AuthorizedPrincipalsCommandUser", Word),
    first("AuthorizedPrincipalsFile", Word),
    first("Banner", Word),
    first("CASignatureAlgorithms", Algorithms(Sort::Key)),
    first("ChallengeResponseAuthentication", Flag),
    first("ChannelTimeout", Timeouts),
    first("ChrootDirectory", Word),
    first("Ciphers", Algorithms(Sort::Cipher)),
    first("ClientAliveCountMax", Number),
    first("ClientAliveInterval", Time),
    first("Compression", OneOf(&["yes", "no", "delayed"])),
    first("DebianBanner", Flag),
    all("DenyGroups", Patterns),
    all("DenyUsers", Users),
    first("DisableForwarding", Flag),
    first("ExposeAuthInfo", Flag),
    first("FingerprintHash", OneOf(&["md5", "sha1", "sha256", "sha384", "sha512"])),
    first("ForceCommand", Words),
    first("GatewayPorts", OneOf(&["yes", "no", "clientspecified"])),
    first("GSSAPIAuthentication", Flag),
    first("GSSAPICleanupCredentials", Flag),
    first("GSSAPIKexAlgorithms", Algorithms(Sort::GssExchange)),
    first("GSSAPIKeyExchange", Flag),
    first("GSSAPIStoreCredentialsOnRekey", Flag),
    first("GSSAPIStrictAcceptorCheck", Flag),
    first("HostbasedAcceptedAlgorithms", Algorithms(Sort::Key)),
    first("HostbasedAcceptedKeyTypes", Algorithms(Sort::Key)),
    first("HostbasedAuthentication", Flag),
    first("HostbasedUsesNameFromPacketOnly", Flag),
    all("HostCertificate", Word),
    all("HostKey", Word),
    first("HostKeyAgent", Word),
    first("HostKeyAlgorithms", Algorithms(Sort::Key)),
    first("IgnoreRhosts", OneOf(&["yes", "no", "shosts-only"])),
    first("IgnoreUserKnownHosts", Flag),
    first("IPQoS", Quality),
    first("KbdInteractiveAuthentication", Flag),
    first("KerberosAuthentication", Flag),
    first("KerberosGetAFSToken", Flag),
    first("KerberosOrLocalPasswd", Flag),
    first("KerberosTicketCleanup", Flag),
    first("KexAlgorithms", Algorithms(Sort::Exchange)),
    all("ListenAddress", Address),
    first("LoginGraceTime", Time),
    first("LogLevel", OneOf(&[
        "QUIET", "FATAL", "ERROR", "INFO", "VERBOSE", "DEBUG", "DEBUG1", "DEBUG2", "DEBUG3",
    ])),
    first("LogVerbose", Lines),
    first("MACs", Algorithms(Sort::Mac)),
    first("MaxAuthTries", Number),
    first("MaxSessions", Number),
    first("MaxStartups", Startups),
    first("ModuliFile", Word),
    first("PasswordAuthentication", Flag),
    first("PermitEmptyPasswords", Flag),
    first("PermitListen", Listeners),
    first("PermitOpen", Places),
    first("PermitRootLogin", OneOf(&[
        "yes", "no", "prohibit-password", "without-password", "forced-commands-only",
    ])),
    first("PermitTTY", Flag),
    first("PermitTunnel", OneOf(&["yes", "no", "point-to-point", "ethernet"])),
    first("PermitUserEnvironment", Word),
    first("PermitUserRC", Flag),
    first("PerSourceMaxStartups", NumberOrNone),
    first("PerSourceNetBlockSize", NetBlocks),
    first("PerSourcePenalties", Words),
    first("PerSourcePenaltyExemptList", Word),
    first("PidFile", Word),
    all("Port", Port),
    first("PrintLastLog", Flag),
    first("PrintMotd", Flag),
    first("Protocol", Word),
    first("PubkeyAcceptedAlgorithms", Algorithms(Sort::Key)),
    first("PubkeyAcceptedKeyTypes", Algorithms(Sort::Key)),
    first("PubkeyAuthentication", Flag),
    first("PubkeyAuthOptions", KeyOptions),
    first("RDomain", Nothing),
    first("RefuseConnection", Flag),
    first("RekeyLimit", Rekey),
    first("RequiredRSASize", Number),
    first("RevokedKeys", Word),
    first("SecurityKeyProvider", Word),
    first("SetEnv", Variables),
    first("SshdAuthPath", Word),
    first("SshdSessionPath", Word),
    first("StreamLocalBindMask", Mask),
    first("StreamLocalBindUnlink", Flag),
    first("StrictModes", Flag),
    Keyword { name: "Subsystem", takes: Command, lines: Lines::Named },
    first("SyslogFacility", OneOf(&[
        "AUTH", "AUTHPRIV", "DAEMON", "USER", "LOCAL0", "LOCAL1", "LOCAL2", "LOCAL3", "LOCAL4",
        "LOCAL5", "LOCAL6", "LOCAL7",
    ])),
    first("TCPKeepAlive", Flag),
    first("TrustedUserCAKeys", Word),
    first("UnusedConnectionTimeout", TimeOrNone),
    first("UseDNS", Flag),
    first("UsePAM", Flag),
    first("UsePrivilegeSeparation", Word),
    first("VersionAddendum", Words),
    first("X11DisplayOffset", Number),
    first("X11Forwarding", Flag),
    first("X11UseLocalhost", Flag),
    first("XAuthLocation", Word),
];
