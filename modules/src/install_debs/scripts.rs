//! The scripts of packages: what becomes of each.

use std::collections::BTreeMap;

use super::database::{Database, Entry, State};
use super::late;
use super::set::Candidate;
use crate::root::any_text::decode;
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
    /// There is none.
    Idle,
    /// It is done to the tree: commands that change something, or only say whether all is right.
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
            Self::Native(understood) => understood.describe(),
            Self::Left | Self::Skipped => "not run".to_owned(),
        }
    }
}

impl Script<'_> {
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.package, self.slot)
    }

    fn classify(&self, root: &Root<'_>, policy: Policy) -> Result<Class, ValueError> {
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
        let understood = understand(&program, self.text, &arguments);
        let is_possible = |it: &Understood| run::is_possible(root, it) && run::is_sure(it);
        match (understood.filter(is_possible), policy) {
            (Some(understood), policy)
                if policy != Policy::FirstBoot || understood.programs.is_empty() =>
            {
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

    /// Does what a script asks for that comes before or after files. One that is not understood is
    /// told of.
    pub(super) fn act(&self, root: &mut Root<'_>, policies: &Policies) -> Result<(), Error> {
        match self.status(root, policies)? {
            0 => Ok(()),
            status => Err(self.refusal(status)),
        }
    }

    /// Does the same, and returns the status that the script ends with.
    pub(super) fn status(&self, root: &mut Root<'_>, policies: &Policies) -> Result<u8, Error> {
        let class = self.classify(root, policies.of(self.package))?;
        self.settle(root, class, "")
    }

    /// Does it, and tells of what is not run, and why.
    fn settle(&self, root: &mut Root<'_>, class: Class, why: &str) -> Result<u8, Error> {
        self.tell(root, &class.describe());
        match class {
            Class::Idle | Class::Skipped => Ok(0),
            Class::Native(understood) => run::run(root, &understood, self.package),
            Class::Left => {
                let (name, lines) = (self.name(), excerpt(self.text));
                root.warn_at(
                    self.span,
                    format!("the script {name} is not run{why}: {lines}"),
                );
                Ok(0)
            }
        }
    }

    pub(super) fn refusal(&self, status: u8) -> Error {
        let message = format!("the script {} ends with status {status}", self.name());
        let help =
            "dpkg does not install the package then either; `scripts` may leave the script out";
        ValueError::new(self.span, message).help(help).into()
    }
}

/// Decides on the `postinst` of each package, by places in the list of candidates: what it does once
/// its package can be configured, or nothing where it is left for the first boot. `configured` are
/// the versions that were before.
pub(super) fn decide(
    root: &Root<'_>,
    candidates: &[Candidate],
    configured: &BTreeMap<usize, String>,
    policies: &Policies,
) -> Result<BTreeMap<usize, Option<Ready>>, ValueError> {
    let decided = configured.iter().map(|(index, before)| {
        let script = postinst(&candidates[*index], before);
        let class = script.classify(root, policies.of(script.package))?;
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
        Class::Native(understood) => match run::run(root, understood, script.package)? {
            0 => Ok(()),
            status => Err(script.refusal(status)),
        },
        _ => Ok(()),
    }
}

/// Tells that the `postinst` of a package is left for the first boot.
pub(super) fn leave(root: &mut Root<'_>, candidate: &Candidate) {
    postinst(candidate, "").tell(root, "left for `dpkg --configure -a`");
}

/// Tells that a `preinst` is left for the first boot, or that nothing runs it.
pub(super) fn leave_preinst(
    root: &mut Root<'_>,
    candidate: &Candidate,
    can_be_late: bool,
) -> Result<(), Error> {
    let script = preinst(candidate, Vec::new());
    if !can_be_late {
        let why = ", as the image has no systemd that would run it at the first boot";
        return script.settle(root, Class::Left, why).map(drop);
    }
    script.tell(
        root,
        "left for the first boot, before `dpkg --configure -a`",
    );
    Ok(())
}

fn preinst(candidate: &Candidate, arguments: Vec<String>) -> Script<'_> {
    Script {
        package: &candidate.identity.name,
        slot: "preinst",
        text: candidate.text("preinst"),
        arguments,
        span: candidate.file.span,
    }
}

fn postinst<'c>(candidate: &'c Candidate, configured: &str) -> Script<'c> {
    Script {
        package: &candidate.identity.name,
        slot: "postinst",
        text: candidate.text("postinst"),
        arguments: vec!["configure".to_owned(), configured.to_owned()],
        span: candidate.file.span,
    }
}

/// Does what the `preinst` of a package asks for, which comes before its files; returns what it is to
/// be called with if that is left. `old` is what it replaces, or what was left of it.
pub(super) fn before(
    root: &mut Root<'_>,
    candidate: &Candidate,
    old: Option<&Entry>,
    policies: &Policies,
) -> Result<Option<Vec<String>>, Error> {
    let new = candidate.identity.version.to_string();
    let version = |entry: &Entry| entry.identity.version.to_string();
    let arguments = match old.map(|entry| (entry.state, version(entry))) {
        None | Some((State::NotInstalled, _)) => vec!["install".to_owned()],
        Some((State::ConfigFiles, old)) => vec!["install".to_owned(), old, new],
        Some((_, old)) => vec!["upgrade".to_owned(), old, new],
    };
    let mut script = preinst(candidate, arguments);
    // No version has run its own yet: it is called as that of the older one would be.
    let left = old.map(|entry| late::arguments(root, &entry.identity));
    if let Some(mut arguments) = left.transpose()?.flatten() {
        if let Some(version) = arguments.get_mut(2) {
            *version = candidate.identity.version.to_string();
        }
        script.arguments = arguments;
    }
    let class = script.classify(root, policies.of(script.package))?;
    // That of an upgrade may move or remove old files, which by then are new ones.
    if matches!(class, Class::Left) && script.arguments[0] == "install" {
        return Ok(Some(script.arguments));
    }
    let why = ", nor at the first boot, when the files of the older version, which it may be for, are \
               gone";
    match script.settle(root, class, why)? {
        0 => Ok(None),
        status => Err(script.refusal(status)),
    }
}

/// Does what the `postrm` of a package asks for of which nothing is left, as another has its files.
pub(super) fn disappear(
    root: &mut Root<'_>,
    database: &Database,
    gone: usize,
    by: &Candidate,
    policies: &Policies,
) -> Result<(), Error> {
    let text = root.read_if_exists(database.info(gone, "postrm"))?;
    let (name, version) = (&by.identity.name, by.identity.version.to_string());
    let postrm = Script {
        package: &database.entry(gone).identity.name,
        slot: "postrm",
        text: &decode(&text.unwrap_or_default()),
        arguments: vec!["disappear".to_owned(), name.clone(), version],
        span: by.file.span,
    };
    postrm.act(root, policies)
}
