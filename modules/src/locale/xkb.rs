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

/// The layouts and variants that XKB has.
const RULES: &str = "/usr/share/X11/xkb/rules/base.lst";

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
        let help = format!("take one of {SYSTEMD}, or a layout of {RULES}");
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
    let rules = root.read_if_exists(RULES)?.unwrap_or_default();
    let rules = String::from_utf8_lossy(&rules).into_owned();
    // Beside layouts, the folder of symbols has parts of such.
    let is_layout = listed(&rules, "layout").any(|words| words[0] == layout);
    let is_variant = |words: Vec<&str>| {
        let of = words.get(1).and_then(|word| word.strip_suffix(':'));
        words[0] == variant && of == Some(layout)
    };
    let is_known = variant.is_empty() || listed(&rules, "variant").any(is_variant);
    Ok((is_layout && is_known).then(|| Keyboard {
        layout: layout.to_owned(),
        model: MODEL.to_owned(),
        variant: variant.to_owned(),
    }))
}

/// Returns the lines of a part of the rules, each in words, of which there is one at least.
fn listed<'r>(rules: &'r str, part: &'r str) -> impl Iterator<Item = Vec<&'r str>> {
    let lines = rules.lines().map(|line| line.split_whitespace().collect());
    let lines = lines.skip_while(move |words: &Vec<_>| *words != ["!", part]);
    let lines = lines
        .skip(1)
        .take_while(|words| words.first() != Some(&"!"));
    lines.filter(|words| !words.is_empty())
}
