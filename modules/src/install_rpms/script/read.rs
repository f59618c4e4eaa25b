//! The scripts in a header.

use super::Script;
use crate::root::any_text::decode;
use crate::rpm::header::Header;
use crate::rpm::tag;

/// When a script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Slot {
    Pretrans,
    Pre,
    Post,
    Preun,
    Postun,
    Posttrans,
    Trigger(When),
    FileTrigger(When),
    TransFileTrigger(When),
}

/// When a trigger fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum When {
    /// Before the other package is installed.
    Prein,
    In,
    /// Before the other package is removed.
    Un,
    Postun,
}

impl Slot {
    /// Returns the slot as spec files call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pretrans => "pretrans",
            Self::Pre => "pre",
            Self::Post => "post",
            Self::Preun => "preun",
            Self::Postun => "postun",
            Self::Posttrans => "posttrans",
            Self::Trigger(When::Prein) => "triggerprein",
            Self::Trigger(When::In) => "triggerin",
            Self::Trigger(When::Un) => "triggerun",
            Self::Trigger(When::Postun) => "triggerpostun",
            Self::FileTrigger(When::Prein | When::In) => "filetriggerin",
            Self::FileTrigger(When::Un) => "filetriggerun",
            Self::FileTrigger(When::Postun) => "filetriggerpostun",
            Self::TransFileTrigger(When::Prein | When::In) => "transfiletriggerin",
            Self::TransFileTrigger(When::Un) => "transfiletriggerun",
            Self::TransFileTrigger(When::Postun) => "transfiletriggerpostun",
        }
    }

    /// Returns whether a package does not come, or go, if it fails.
    pub(super) fn may_refuse(self) -> bool {
        matches!(self, Self::Pretrans | Self::Pre | Self::Preun)
    }

    /// Returns whether it is for what is there before the files come or go, and could do harm
    /// afterwards.
    pub(super) fn is_too_late_afterwards(self) -> bool {
        let before = [When::Prein, When::Un];
        match self {
            Self::Pretrans | Self::Pre | Self::Preun => true,
            Self::Post | Self::Postun | Self::Posttrans => false,
            Self::Trigger(when) | Self::FileTrigger(when) | Self::TransFileTrigger(when) => {
                before.contains(&when)
            }
        }
    }

    /// Returns the tags of text, program and flags (rpm's `rpmtag.h`).
    fn tags(self) -> Option<[u32; 3]> {
        Some(match self {
            Self::Pretrans => [1151, 1153, 5024],
            Self::Pre => [1023, 1085, 5020],
            Self::Post => [1024, 1086, 5021],
            Self::Preun => [1025, 1087, 5022],
            Self::Postun => [1026, 1088, 5023],
            Self::Posttrans => [1152, 1154, 5025],
            Self::Trigger(_) | Self::FileTrigger(_) | Self::TransFileTrigger(_) => return None,
        })
    }
}

/// Returns the script of a slot that is no trigger.
pub(super) fn script(
    header: &Header,
    package: &str,
    slot: Slot,
    count: u32,
) -> Option<Script<'static>> {
    let [text, program, flags] = slot.tags()?;
    if !header.has(text) && !header.has(program) {
        return None;
    }
    let mut words: Vec<_> = header.texts(program).into_iter().map(decode).collect();
    if words.is_empty() {
        words.push("/bin/sh".to_owned());
    }
    Some(Script {
        package: package.to_owned(),
        slot,
        program: words,
        text: header.text(text).map(decode).unwrap_or_default(),
        is_expanded: header.flags(flags).first().is_some_and(|flags| *flags != 0),
        arguments: vec![count],
        paths: Vec::new(),
        prefixes: prefixes(header),
    })
}

/// Returns where a package with files lies that may be put elsewhere.
pub(super) fn prefixes(header: &Header) -> Vec<String> {
    let mut tags = [tag::INSTPREFIXES, tag::PREFIXES].into_iter();
    let found = tags.find(|tag| header.has(*tag) && header.has(tag::BASENAMES));
    let prefixes = found.map(|tag| header.texts(tag)).unwrap_or_default();
    let lossy = |prefix| String::from_utf8_lossy(prefix).into_owned();
    prefixes.into_iter().map(lossy).collect()
}
