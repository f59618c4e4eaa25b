//! The scripts of packages: what becomes of each.

use std::collections::BTreeMap;

use super::database::{Entry, State};
use super::set::Candidate;
use crate::script::policy::{Policies, Policy};
use crate::script::{Understood, excerpt, run, understand};
use crate::value::{Span, ValueError};
use crate::{Error, Root};

/// A script that dpkg would run.
pub(super) struct Script<'s> {
    pub(super) package: &'s str,
    /// The name of its file.
    pub(super) slot: &'static str,
    pub(super) text: &'s str,
    pub(super) arguments: Vec<String>,
    /// Where the recipe lists its package.
    pub(super) span: Span,
}

/// What becomes of a script.
enum Class {
    /// There is none, or nothing to do in an image.
    Idle,
    /// It is done to the tree.
    Native(Understood),
    /// It is not understood, or is to be left.
    Left,
    /// It is not to be run.
    Skipped,
}

impl Class {
    fn describe(&self) -> String {
        match self {
            Self::Idle => "nothing to do in an image".to_owned(),
            Self::Native(understood) => format!("done ({})", understood.programs.join(", ")),
            Self::Left | Self::Skipped => "not run".to_owned(),
        }
    }
}

impl Script<'_> {
    fn name(&self) -> String {
        format!("{}.{}", self.package, self.slot)
    }

    fn classify(&self, policy: Policy) -> Result<Class, ValueError> {
        if self.text.trim().is_empty() {
            return Ok(Class::Idle);
        }
        if policy == Policy::Skip {
            return Ok(Class::Skipped);
        }
        let first = self.text.lines().next().unwrap_or_default();
        let program = first.strip_prefix("#!").unwrap_or_default();
        let program: Vec<&str> = program.split_whitespace().collect();
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        match (understand(&program, self.text, &arguments), policy) {
            (Some(understood), _) if understood.programs.is_empty() => Ok(Class::Idle),
            (Some(understood), Policy::Auto | Policy::Fail | Policy::Skip) => {
                Ok(Class::Native(understood))
            }
            (None, Policy::Fail) => Err(ValueError::new(
                self.span,
                format!(
                    "the script {} would have to run: {}",
                    self.name(),
                    excerpt(self.text)
                ),
            )),
            _ => Ok(Class::Left),
        }
    }

    fn tell(&self, root: &mut Root<'_>, what: &str) {
        if !self.text.trim().is_empty() {
            root.info(format!("script {}: {what}", self.name()));
        }
    }

    /// Does what a script asks for that comes before or after files; one that is not understood is
    /// told of.
    pub(super) fn act(&self, root: &mut Root<'_>, policies: &Policies) -> Result<(), Error> {
        let class = self.classify(policies.of(self.package))?;
        self.tell(root, &class.describe());
        match class {
            Class::Idle | Class::Skipped => Ok(()),
            Class::Native(understood) => self.run(root, &understood),
            Class::Left => {
                let (name, lines) = (self.name(), excerpt(self.text));
                let message = format!("the script {name} is not run: {lines}");
                root.warn_at(self.span, message);
                Ok(())
            }
        }
    }

    fn run(&self, root: &mut Root<'_>, understood: &Understood) -> Result<(), Error> {
        match run::run(root, understood)? {
            0 => Ok(()),
            status => {
                let message = format!("the script {} ends with status {status}", self.name());
                let help = "dpkg does not install the package then either; `scripts` may leave the \
                            script out";
                Err(ValueError::new(self.span, message).help(help).into())
            }
        }
    }
}

/// Decides on the `postinst` of each package, by places in the list of candidates: what it does once
/// its package can be configured, or nothing where it is left for the first boot. `configured` are
/// the versions that were before.
pub(super) fn decide(
    candidates: &[Candidate],
    configured: &BTreeMap<usize, String>,
    policies: &Policies,
) -> Result<BTreeMap<usize, Option<Ready>>, ValueError> {
    let decided = configured.iter().map(|(index, before)| {
        let script = postinst(&candidates[*index], before);
        let class = script.classify(policies.of(script.package))?;
        let ready = match class {
            Class::Left => None,
            class => Some(Ready(class)),
        };
        Ok((*index, ready))
    });
    decided.collect()
}

/// What a `postinst` does.
pub(super) struct Ready(Class);

/// Does what the `postinst` of a package asks for.
pub(super) fn configure(
    root: &mut Root<'_>,
    candidate: &Candidate,
    configured: &str,
    Ready(class): &Ready,
) -> Result<(), Error> {
    let script = postinst(candidate, configured);
    script.tell(root, &class.describe());
    match class {
        Class::Native(understood) => script.run(root, understood),
        _ => Ok(()),
    }
}

/// Tells that the `postinst` of a package is left for the first boot.
pub(super) fn leave(root: &mut Root<'_>, candidate: &Candidate) {
    postinst(candidate, "").tell(root, "left for `dpkg --configure -a`");
}

fn postinst<'c>(candidate: &'c Candidate, configured: &str) -> Script<'c> {
    Script {
        package: &candidate.identity.name,
        slot: "postinst",
        text: candidate.text("postinst"),
        arguments: vec!["configure".to_owned(), configured.to_owned()],
        span: candidate.span,
    }
}

/// Does what the scripts ask for that come before the files: the `prerm` of what is replaced, and
/// the `preinst`.
pub(super) fn before(
    root: &mut Root<'_>,
    candidate: &Candidate,
    old: Option<(&Entry, &[(&str, String)])>,
    policies: &Policies,
) -> Result<(), Error> {
    let new = candidate.identity.version.to_string();
    let there = old.filter(|(entry, _)| entry.state.is_there());
    if let Some((_, texts)) = there {
        removal(candidate, texts, "prerm").act(root, policies)?;
    }
    let version = |entry: &Entry| entry.identity.version.to_string();
    let arguments = match old.map(|(entry, _)| (entry.state, version(entry))) {
        None | Some((State::NotInstalled, _)) => vec!["install".to_owned()],
        Some((State::ConfigFiles, old)) => vec!["install".to_owned(), old, new],
        Some((_, old)) => vec!["upgrade".to_owned(), old, new],
    };
    let preinst = Script {
        package: &candidate.identity.name,
        slot: "preinst",
        text: candidate.text("preinst"),
        arguments,
        span: candidate.span,
    };
    preinst.act(root, policies)
}

/// Does what the `postrm` of what is replaced asks for.
pub(super) fn after(
    root: &mut Root<'_>,
    candidate: &Candidate,
    old: &[(&str, String)],
    policies: &Policies,
) -> Result<(), Error> {
    removal(candidate, old, "postrm").act(root, policies)
}

fn removal<'s>(
    candidate: &'s Candidate,
    texts: &'s [(&str, String)],
    slot: &'static str,
) -> Script<'s> {
    let found = texts.iter().find(|(name, _)| *name == slot);
    Script {
        package: &candidate.identity.name,
        slot,
        text: found.map_or("", |(_, text)| text),
        arguments: vec!["upgrade".to_owned(), candidate.identity.version.to_string()],
        span: candidate.span,
    }
}
