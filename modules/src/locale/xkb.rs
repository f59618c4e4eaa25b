//! Debian's setting of the keyboard, which the console and X read: keyboard(5). It has the layouts
//! and variants of XKB, not the names of keymaps.

use crate::assignments::{self, Quotes};
use crate::value::Spanned;
use crate::{Error, Root};

const FILE: &str = "/etc/default/keyboard";

/// What reads it for the console.
const SETUPCON: [&str; 2] = ["/usr/bin/setupcon", "/bin/setupcon"];

const KNOWN: &str = include_str!("keyboards.txt");

/// The table of the image's own systemd.
const SYSTEMD: &str = "/usr/share/systemd/kbd-model-map";

const XKB: &str = "/usr/share/X11/xkb";

/// What most keyboards are.
const MODEL: &str = "pc105";

/// Models that go with one layout only.
const NATIONAL: [&str; 3] = ["abnt2", "jp106", "microsoftpro"];

/// A keyboard as XKB has it.
#[derive(Debug, PartialEq)]
struct Keyboard {
    layout: String,
    model: String,
    variant: String,
}

/// Sets the keyboard of a keymap, where the image has a use for that. What XKB does not know is a
/// warning where the keymap `is_set` elsewhere.
pub(super) fn set(
    root: &mut Root<'_>,
    keymap: &Spanned<String>,
    is_set: bool,
) -> Result<bool, Error> {
    if !root.is_file(FILE) && !SETUPCON.iter().any(|path| root.is_file(path)) {
        return Ok(false);
    }
    let Some(keyboard) = find(root, keymap)? else {
        let name = keymap.as_str();
        if is_set {
            let message = format!("{FILE} stays as it is: XKB has no keyboard for keymap {name:?}");
            root.warn_at(keymap.span, message);
            return Ok(true);
        }
        let error = keymap.error(format!("no keyboard of XKB is known for keymap {name:?}"));
        let help = format!("take one of {SYSTEMD}, or a layout in {XKB}/symbols");
        return Err(error.help(help).into());
    };
    let now = |key| -> Result<Option<String>, Error> {
        let value = assignments::value(root, FILE, key)?;
        Ok(value.map(|value| String::from_utf8_lossy(&value).into_owned()))
    };
    let (model, variant, options) = (now("XKBMODEL")?, now("XKBVARIANT")?, now("XKBOPTIONS")?);
    let mut values = vec![("XKBLAYOUT", keyboard.layout.clone())];
    // A model that the user's hardware has stays, unless one of them belongs to a layout.
    let is_national = |model: &str| NATIONAL.contains(&model);
    if model.is_none_or(|model| is_national(&model)) || is_national(&keyboard.model) {
        values.push(("XKBMODEL", keyboard.model));
    }
    if variant.is_some() || !keyboard.variant.is_empty() {
        values.push(("XKBVARIANT", keyboard.variant));
    }
    let has_several = keyboard.layout.contains(',');
    let is_switch = |option: &&str| option.starts_with("grp:") || option.starts_with("grp_led:");
    let options = options.unwrap_or_default();
    let words = || options.split(',').filter(|option| !option.is_empty());
    if !has_several && words().any(|option| is_switch(&option)) {
        let kept: Vec<_> = words().filter(|option| !is_switch(option)).collect();
        values.push(("XKBOPTIONS", kept.join(",")));
    } else if has_several && !words().any(|option| option.starts_with("grp:")) {
        let all: Vec<_> = words()
            .chain(["grp:shifts_toggle", "grp_led:scroll"])
            .collect();
        values.push(("XKBOPTIONS", all.join(",")));
    }
    let values: Vec<_> = values
        .iter()
        .map(|(key, value)| (*key, value.as_str()))
        .collect();
    assignments::set(root, FILE, &values, Quotes::Always)?;
    Ok(true)
}

fn find(root: &Root<'_>, keymap: &str) -> Result<Option<Keyboard>, Error> {
    let own = root.read_if_exists(SYSTEMD)?.unwrap_or_default();
    let own = String::from_utf8_lossy(&own).into_owned();
    let row = |text: &str| {
        text.lines().find_map(|line| {
            let mut words = line.split_ascii_whitespace().map(str::to_owned);
            (words.next()? == keymap).then_some(())?;
            let (layout, model) = (words.next()?, words.next()?);
            let variant = words
                .next()
                .filter(|variant| variant != "-")
                .unwrap_or_default();
            Some(Keyboard {
                layout,
                model,
                variant,
            })
        })
    };
    if let Some(known) = row(KNOWN).or_else(|| row(&own)) {
        return Ok(Some(known));
    }
    let (layout, variant) = keymap.split_once('-').unwrap_or((keymap, ""));
    if !root.is_file(format!("{XKB}/symbols/{layout}")) {
        return Ok(None);
    }
    let rules = root.read_if_exists(format!("{XKB}/rules/base.lst"))?;
    let rules = rules.unwrap_or_default();
    let is_listed = rules.split(|b| *b == b'\n').any(|line| {
        let mut words = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        words.next() == Some(variant.as_bytes())
            && words.next().and_then(|word| word.strip_suffix(b":")) == Some(layout.as_bytes())
    });
    Ok((variant.is_empty() || is_listed).then(|| Keyboard {
        layout: layout.to_owned(),
        model: MODEL.to_owned(),
        variant: variant.to_owned(),
    }))
}
