//! The options of `ssh`, and what can be said about them without an image.

use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::config::Lines;
use crate::named::Named;
use crate::option::Shape;
use crate::scalar::Scalar;
use crate::value::{Spanned, ValueError, nearest};

/// The keywords of sshd_config(5), OpenSSH 4.3 to 10.0, but for `Include` and `Match`.
const KEYWORDS: &str = "
AcceptEnv AddressFamily AllowAgentForwarding AllowGroups AllowStreamLocalForwarding
AllowTcpForwarding AllowUsers AuthenticationMethods AuthorizedKeysCommand
AuthorizedKeysCommandUser AuthorizedKeysFile AuthorizedPrincipalsCommand
AuthorizedPrincipalsCommandUser AuthorizedPrincipalsFile Banner CASignatureAlgorithms
ChallengeResponseAuthentication ChannelTimeout ChrootDirectory Ciphers ClientAliveCountMax
ClientAliveInterval Compression DebianBanner DenyGroups DenyUsers DisableForwarding
ExposeAuthInfo FingerprintHash ForceCommand GatewayPorts GSSAPIAuthentication
GSSAPICleanupCredentials GSSAPIKeyExchange GSSAPIStoreCredentialsOnRekey
GSSAPIStrictAcceptorCheck HostbasedAcceptedAlgorithms HostbasedAuthentication
HostbasedUsesNameFromPacketOnly HostCertificate HostKey HostKeyAgent HostKeyAlgorithms
IgnoreRhosts IgnoreUserKnownHosts IPQoS KbdInteractiveAuthentication KerberosAuthentication
KerberosGetAFSToken KerberosOrLocalPasswd KerberosTicketCleanup KexAlgorithms ListenAddress
LoginGraceTime LogLevel LogVerbose MACs MaxAuthTries MaxSessions MaxStartups ModuliFile
PasswordAuthentication PermitEmptyPasswords PermitListen PermitOpen PermitRootLogin PermitTTY
PermitTunnel PermitUserEnvironment PermitUserRC PerSourceMaxStartups PerSourceNetBlockSize
PerSourcePenalties PerSourcePenaltyExemptList PidFile Port PrintLastLog PrintMotd Protocol
PubkeyAcceptedAlgorithms PubkeyAcceptedKeyTypes PubkeyAuthentication PubkeyAuthOptions RekeyLimit
RequiredRSASize RevokedKeys RDomain SecurityKeyProvider SetEnv SshdAuthPath SshdSessionPath
StreamLocalBindMask StreamLocalBindUnlink StrictModes Subsystem SyslogFacility TCPKeepAlive
TrustedUserCAKeys UnusedConnectionTimeout UseDNS UsePAM UsePrivilegeSeparation VersionAddendum
X11DisplayOffset X11Forwarding X11UseLocalhost XAuthLocation
";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Options {
    #[serde(default)]
    pub(super) ssh: Ssh,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Ssh {
    /// What becomes of the host keys.
    pub(super) host_keys: HostKeys,
    /// Options of sshd_config(5).
    options: Named<Spanned<Setting>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HostKeys {
    #[default]
    Remove,
    Keep,
}

/// The values of a keyword, each on a line of its own.
pub(super) struct Setting(Vec<String>);

impl Ssh {
    pub(super) fn check(&self) -> Result<(), ValueError> {
        let known = || KEYWORDS.split_whitespace();
        let mut seen: Vec<String> = Vec::new();
        for (name, setting) in &self.options.0 {
            if matches!(&*name.to_ascii_lowercase(), "match" | "include") {
                let error = setting.error(format!("{name} is no option of its own"));
                return Err(error.help("put a file into /etc/ssh/sshd_config.d with `files`"));
            }
            if !known().any(|word| word.eq_ignore_ascii_case(name)) {
                let error = setting.error(format!("sshd has no option {name:?}"));
                return Err(match nearest(name, known()) {
                    Some(meant) => error.help(format!("did you mean {meant}?")),
                    None => error,
                });
            }
            if seen.contains(&name.to_ascii_lowercase()) {
                return Err(setting.error(format!("{name} is given twice")));
            }
            seen.push(name.to_ascii_lowercase());
            if setting.0.is_empty() {
                return Err(setting.error(format!("{name} has no value")));
            }
            for value in &setting.0 {
                if value.trim().is_empty() || value.contains(['\n', '\r', '\0']) {
                    return Err(setting.error(format!("{value:?} is no value for {name}")));
                }
            }
        }
        Ok(())
    }

    /// Returns the keywords with their lines.
    pub(super) fn lines(&self) -> Lines {
        let options = self.options.0.iter();
        options
            .map(|(name, setting)| (name.clone(), setting.0.clone()))
            .collect()
    }
}

impl Setting {
    pub(super) const SHAPE: Shape =
        Shape::AnyOf(&[Shape::Bool, Scalar::SHAPE, Shape::List(&Scalar::SHAPE)]);
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> Visitor<'de> for Visit {
            type Value = Setting;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("true, false, a text, a whole number or a list of them")
            }

            fn visit_bool<E: Error>(self, is_on: bool) -> Result<Setting, E> {
                Ok(Setting(vec![if is_on { "yes" } else { "no" }.to_owned()]))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Setting, E> {
                Ok(Setting(vec![text.to_owned()]))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Setting, E> {
                Ok(Setting(vec![number.to_string()]))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Setting, E> {
                Ok(Setting(vec![number.to_string()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Setting, A::Error> {
                let mut lines = Vec::new();
                while let Some(Scalar(line)) = items.next_element()? {
                    lines.push(line);
                }
                Ok(Setting(lines))
            }
        }

        deserializer.deserialize_any(Visit)
    }
}
