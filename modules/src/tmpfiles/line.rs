//! One line of tmpfiles.d(5) as it is written: its fields, each of them possible.

use std::sync::LazyLock;

use regex::Regex;

use crate::dropins::words::{self, Backslash};
use crate::root::{Owner, parse_mode};

/// The fields of a line, before anything is looked up in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) kind: u8,
    pub(super) modifiers: Modifiers,
    /// With specifiers.
    pub(super) path: Vec<u8>,
    pub(super) mode: Option<Mode>,
    pub(super) user: Option<Named>,
    pub(super) group: Option<Named>,
    pub(super) age: Option<String>,
    /// As it is written.
    pub(super) argument: Option<Vec<u8>>,
}

/// The characters behind the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a letter of its own")]
pub(super) struct Modifiers {
    /// `+`: what is there is replaced or added to.
    pub(super) plus: bool,
    /// `!`: at boot only.
    pub(super) boot: bool,
    /// `-`: it may fail.
    pub(super) may_fail: bool,
    /// `=`: what is of the wrong kind is removed.
    pub(super) replace: bool,
    /// `~`: the argument is in Base64.
    pub(super) base64: bool,
    /// `^`: the argument names a credential.
    pub(super) credential: bool,
    /// `?`: only if the target exists.
    pub(super) if_target: bool,
    /// `$`: removed with `--purge`.
    pub(super) purge: bool,
}

/// The permission bits of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode {
    pub(super) bits: u16,
    /// `~`: only what the file has of each of read, write, execute.
    pub(super) masked: bool,
    /// `:`: only of what is new.
    pub(super) only_new: bool,
}

/// A user or group of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) owner: Owner,
    /// `:`: only of what is new.
    pub(super) only_new: bool,
}

/// All types.
const KINDS: &[u8] = b"fFwdDevqQpLcbCxXrRzZmtThHaA";

/// A time span as systemd.time(7) has it, with what it is of in front.
static AGE: LazyLock<Regex> = LazyLock::new(|| {
    let unit = "seconds?|sec|s|minutes?|min|months?|M|msec|ms|m|hours?|hr|h|days?|d|weeks?|w\
                |years?|y|usec|us|µs";
    let pattern = format!(r"^~?([abcmABCM]+:)?\s*(infinity|(\d+(\.\d*)?\s*({unit})?\s*)+)$");
    Regex::new(&pattern).expect("it is a constant")
});

/// Reads a line.
///
/// # Errors
///
/// Returns what is wrong.
pub(super) fn parse(line: &[u8]) -> Result<Fields, String> {
    let (words, rest) = words::split(line, 6, Backslash::C)?;
    let mut words = words.into_iter();
    let (Some(action), Some(path)) = (words.next(), words.next()) else {
        return Err("lacks a type or a path".to_owned());
    };
    let (kind, modifiers) = parse_action(&action)?;
    let mut field = || words.next().filter(|word| !matches!(&**word, b"" | b"-"));
    let mode = field().map(|text| read_mode(&text)).transpose()?;
    let user = field().map(|text| read_owner(&text, "user")).transpose()?;
    let group = field().map(|text| read_owner(&text, "group")).transpose()?;
    let age = field().map(|text| read_age(&text)).transpose()?;
    let argument = Some(rest.to_vec()).filter(|rest| !matches!(&**rest, b"" | b"-"));
    if !path.starts_with(b"/") && !path.starts_with(b"%") {
        return Err(format!("the path {} is not absolute", path.escape_ascii()));
    }
    let fields = Fields {
        kind,
        modifiers,
        path,
        mode,
        user,
        group,
        age,
        argument,
    };
    check_argument(&fields)?;
    Ok(fields)
}

fn parse_action(action: &[u8]) -> Result<(u8, Modifiers), String> {
    let shown = action.escape_ascii();
    let [kind, rest @ ..] = action else {
        return Err("lacks a type".to_owned());
    };
    if !KINDS.contains(kind) {
        return Err(format!("{shown} is no type of tmpfiles.d(5)"));
    }
    let mut modifiers = Modifiers::default();
    for letter in rest {
        let Modifiers {
            plus,
            boot,
            may_fail,
            replace,
            base64,
            credential,
            if_target,
            purge,
        } = &mut modifiers;
        let flag = match letter {
            b'+' => plus,
            b'!' => boot,
            b'-' => may_fail,
            b'=' => replace,
            b'~' => base64,
            b'^' => credential,
            b'?' if *kind == b'L' => if_target,
            b'$' => purge,
            _ => {
                return Err(format!(
                    "{shown} has a modifier that its type does not take"
                ));
            }
        };
        if std::mem::replace(flag, true) {
            return Err(format!("{shown} has a modifier twice"));
        }
    }
    if modifiers.base64 && b"LCcbtTaAhH".contains(kind) {
        return Err(format!("{shown}: only content can be in Base64"));
    }
    Ok((*kind, modifiers))
}

fn read_mode(text: &[u8]) -> Result<Mode, String> {
    let digits = text.iter().position(|b| !matches!(b, b'~' | b':'));
    let (signs, digits) = text.split_at(digits.unwrap_or(text.len()));
    // `0o` is not for systemd.
    let bits = parse_mode(digits).filter(|_| !digits.contains(&b'o'));
    let bits = bits.ok_or_else(|| format!("{} is no mode", text.escape_ascii()))?;
    Ok(Mode {
        bits,
        masked: signs.contains(&b'~'),
        only_new: signs.contains(&b':'),
    })
}

fn read_owner(text: &[u8], what: &str) -> Result<Named, String> {
    let (name, only_new) = match text {
        [b':', name @ ..] => (name, true),
        name => (name, false),
    };
    let owner = match name {
        // Whatever the image's files say.
        b"root" => Some(Owner::Id(0)),
        name => Owner::parse(name).filter(|owner| *owner != Owner::Id(65_535)),
    };
    let owner = owner.ok_or_else(|| format!("{} is no {what}", text.escape_ascii()))?;
    Ok(Named { owner, only_new })
}

fn read_age(text: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(text);
    if AGE.is_match(&text) {
        Ok(text.into_owned())
    } else {
        Err(format!("{text} is no age such as 10d or m:1h"))
    }
}

fn check_argument(fields: &Fields) -> Result<(), String> {
    let kind = char::from(fields.kind);
    let needs = b"wcbtTaAhH".contains(&fields.kind) || fields.modifiers.credential;
    let Some(argument) = &fields.argument else {
        return match needs {
            true => Err(format!(
                "{kind} lines need an argument, in the seventh field"
            )),
            false => Ok(()),
        };
    };
    match fields.kind {
        b'c' | b'b' if device(argument).is_none() => Err(format!(
            "{} are no numbers of a device, as in 1:3",
            argument.escape_ascii()
        )),
        b'h' | b'H' if !is_flags(argument) => Err(format!(
            "{} are no file attributes: `+`, `-` or `=`, then letters of aAcCdDeijPsStTu",
            argument.escape_ascii()
        )),
        b'C' if !matches!(argument.first(), Some(b'/' | b'%' | b'\\')) => Err(format!(
            "the source {} is not absolute",
            argument.escape_ascii()
        )),
        _ => Ok(()),
    }
}

/// Reads `MAJOR:MINOR`, of 12 and 20 bits.
pub(super) fn device(text: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(text).ok()?;
    let (major, minor) = text.split_once(':')?;
    let number = |text: &str| text.parse().ok().filter(|_| !text.starts_with('+'));
    let (major, minor): (u32, u32) = (number(major)?, number(minor)?);
    (major < 1 << 12 && minor < 1 << 20).then_some((major, minor))
}

fn is_flags(text: &[u8]) -> bool {
    let letters = match text {
        [b'=', letters @ ..] => return letters.iter().all(|b| b"aAcCdDeijPsStTu".contains(b)),
        [b'+' | b'-', letters @ ..] | letters => letters,
    };
    !letters.is_empty() && letters.iter().all(|b| b"aAcCdDeijPsStTu".contains(b))
}
