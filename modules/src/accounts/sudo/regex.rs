//! Extended regular expressions of POSIX, as far as to say whether regcomp(3) takes them.
//!
//! sudo 1.9.10 and later has them where a command or its arguments begin with `^` and end in `$`.
//! Where POSIX leaves a choice, it is that of the GNU C library.

use std::iter::Peekable;
use std::str::Chars;

/// The most that `{n}` may ask for.
const MOST: u32 = 32_767;

const CLASSES: [&str; 12] = [
    "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "xdigit",
];

/// Returns what is wrong, to be put behind the expression.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    // sudo's own mark for letters of any case.
    let pattern = pattern.strip_prefix("^(?i)").unwrap_or(pattern);
    let mut signs = pattern.chars().peekable();
    let (mut open, mut groups) = (0_u32, 0_u32);
    // Whether there is something that can be repeated.
    let mut has_atom = false;
    while let Some(sign) = signs.next() {
        has_atom = match sign {
            '\\' => {
                let Some(next) = signs.next() else {
                    return Err("nothing follows the last backslash".to_owned());
                };
                let group = next.to_digit(10).filter(|digit| *digit > 0);
                if group.is_some_and(|group| group > groups) {
                    return Err(format!("`\\{next}` means a group that is not there"));
                }
                true
            }
            '[' => {
                bracket(&mut signs)?;
                true
            }
            '(' => {
                open += 1;
                false
            }
            ')' => {
                groups += u32::from(open > 0);
                open = open.saturating_sub(1);
                true
            }
            '*' | '+' | '?' | '{' if !has_atom => {
                return Err(format!("`{sign}` has nothing to repeat"));
            }
            // What is repeated cannot be repeated again.
            '*' | '+' | '?' => false,
            '{' => {
                interval(&mut signs)?;
                false
            }
            '|' | '^' | '$' => false,
            _ => true,
        };
    }
    match open {
        0 => Ok(()),
        _ => Err("a `(` is not closed".to_owned()),
    }
}

/// Goes over `n}`, `n,}`, `,m}`, `,}` or `n,m}`.
fn interval(signs: &mut Peekable<Chars<'_>>) -> Result<(), String> {
    let wrong = || format!("`{{` is not followed by one or two numbers up to {MOST} and `}}`");
    let mut inner = String::new();
    loop {
        match signs.next() {
            Some('}') => break,
            Some(sign) => inner.push(sign),
            None => return Err(wrong()),
        }
    }
    let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
        true => text.parse::<u32>().ok().filter(|number| *number <= MOST),
        false => None,
    };
    let is_right = match inner.split_once(',') {
        None => number(&inner).is_some(),
        Some(("", "")) => true,
        Some(("", most)) => number(most).is_some(),
        Some((least, "")) => number(least).is_some(),
        Some((least, most)) => match (number(least), number(most)) {
            (Some(least), Some(most)) => least <= most,
            _ => false,
        },
    };
    if is_right { Ok(()) } else { Err(wrong()) }
}

/// Goes over what follows a `[`, up to the `]` that closes it.
fn bracket(signs: &mut Peekable<Chars<'_>>) -> Result<(), String> {
    let open = || "a `[` is not closed".to_owned();
    if signs.peek() == Some(&'^') {
        signs.next();
    }
    let mut is_first = true;
    loop {
        let Some(start) = item(signs, is_first)? else {
            return Ok(());
        };
        is_first = false;
        if signs.peek() != Some(&'-') {
            continue;
        }
        signs.next();
        if signs.peek() == Some(&']') {
            continue;
        }
        let end = item(signs, true)?.ok_or_else(open)?;
        match (start, end) {
            (Some(start), Some(end)) if start <= end => {}
            _ => return Err("a range in `[ ]` ends before it starts".to_owned()),
        }
    }
}

/// Takes a letter or `[:class:]` of a bracket; the letter is returned where it can start a range.
/// Returns nothing at the end.
#[expect(clippy::option_option, reason = "the end is no item without a letter")]
fn item(signs: &mut Peekable<Chars<'_>>, is_first: bool) -> Result<Option<Option<char>>, String> {
    let open = || "a `[` is not closed".to_owned();
    match signs.next().ok_or_else(open)? {
        ']' if !is_first => Ok(None),
        '[' if matches!(signs.peek(), Some(':' | '.' | '=')) => {
            let kind = signs.next().unwrap_or_default();
            let mut name = String::new();
            loop {
                match signs.next().ok_or_else(open)? {
                    sign if sign == kind && signs.peek() == Some(&']') => break,
                    sign => name.push(sign),
                }
            }
            signs.next();
            let mut letters = name.chars();
            let is_right = match kind {
                ':' => CLASSES.contains(&&*name),
                _ => letters.next().is_some() && letters.next().is_none(),
            };
            if !is_right {
                return Err(format!("`[{kind}{name}{kind}]` is no class of letters"));
            }
            Ok(Some(name.chars().next().filter(|_| kind == '.')))
        }
        sign => Ok(Some(Some(sign))),
    }
}
