//! The colon-separated files of `/etc`: passwd, shadow, group, gshadow, subuid.
//!
//! A [`Table`] keeps each line as the bytes it came as. Only lines with exactly the right number of
//! fields, and numbers where ids belong, are rows; comments, broken lines and the `+` and `-` lines
//! of NIS are carried along untouched. See passwd(5), shadow(5), group(5), gshadow(5), subuid(5),
//! nsswitch.conf(5).

/// A file of lines with `N` fields each, the first of which is the row's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table<const N: usize> {
    /// With their newlines; the last may lack it.
    lines: Vec<Vec<u8>>,
    /// The fields that hold an id.
    ids: &'static [usize],
}

impl<const N: usize> Table<N> {
    /// Splits a file into lines. Anything is a table, if one without rows.
    pub(crate) fn parse(bytes: &[u8], ids: &'static [usize]) -> Self {
        let lines = bytes.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec);
        Self {
            lines: lines.collect(),
            ids,
        }
    }

    /// Returns the file.
    pub(crate) fn print(&self) -> Vec<u8> {
        self.lines.concat()
    }

    /// Returns the number of the first line that ends in CR LF, from 1 on: the CR is part of its
    /// last field for all programs.
    pub(crate) fn carriage_return(&self) -> Option<usize> {
        let mut lines = self.lines.iter();
        let at = lines.position(|line| line.ends_with(b"\r\n"))?;
        Some(at + 1)
    }

    /// Returns the fields of every row, in the order of the file.
    pub(crate) fn rows(&self) -> impl Iterator<Item = [&[u8]; N]> {
        self.lines.iter().filter_map(|line| fields(line, self.ids))
    }

    /// Returns the first row of that name, which is the one that programs use.
    pub(crate) fn find(&self, name: &[u8]) -> Option<[&[u8]; N]> {
        self.rows().find(|row| row[0] == name)
    }

    /// Adds a row at the end, but before the NIS lines there: after a `+` line nobody would look
    /// for it. This is where useradd(8) puts it, too.
    pub(crate) fn push(&mut self, row: [&[u8]; N]) {
        let mut line = row.join(&b':');
        line.push(b'\n');
        let local = self.lines.iter().rposition(|line| !is_nis(line));
        let at = local.map_or(0, |i| i + 1);
        if let Some(last) = at.checked_sub(1).map(|i| &mut self.lines[i])
            && !last.ends_with(b"\n")
        {
            last.push(b'\n');
        }
        self.lines.insert(at, line);
    }

    /// Adds a row in place of those that have its name, as useradd(8) does it: what is left of a user
    /// who is gone must not count for the new one.
    pub(crate) fn put(&mut self, row: [&[u8]; N]) {
        let is_old =
            |line: &Vec<u8>| fields::<N>(line, self.ids).is_some_and(|old| old[0] == row[0]);
        let old = self.lines.iter().position(is_old);
        self.lines.retain(|line| !is_old(line));
        let Some(at) = old else {
            return self.push(row);
        };
        self.lines
            .insert(at, [&row.join(&b':')[..], b"\n"].concat());
    }

    /// Replaces one field of the first row of that name; nothing happens when there is none.
    pub(crate) fn set(&mut self, name: &[u8], field: usize, value: &[u8]) {
        for line in &mut self.lines {
            if let Some(mut row) = fields::<N>(line, self.ids)
                && row[0] == name
            {
                row[field] = value;
                let mut new = row.join(&b':');
                if line.ends_with(b"\n") {
                    new.push(b'\n');
                }
                *line = new;
                return;
            }
        }
    }
}

/// Returns whether a field may hold this text: useradd(8) has no control characters in one, of
/// which some would end the line.
pub(crate) fn is_field(text: &str) -> bool {
    !text.contains(|c: char| c == ':' || c.is_control())
}

/// Parses a field that holds an id.
pub(crate) fn number(field: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(field).ok()?;
    // Rust would take a sign, which no program that reads these files does.
    digits
        .starts_with(|c: char| c.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

fn is_nis(line: &[u8]) -> bool {
    matches!(line.first(), Some(b'+' | b'-'))
}

fn fields<'l, const N: usize>(line: &'l [u8], ids: &[usize]) -> Option<[&'l [u8]; N]> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    if is_nis(line) || matches!(line.first(), None | Some(b'#' | b':')) {
        return None;
    }
    let mut row = [&b""[..]; N];
    let mut parts = line.split(|b| *b == b':');
    for field in &mut row {
        *field = parts.next()?;
    }
    let whole = parts.next().is_none() && ids.iter().all(|id| number(row[*id]).is_some());
    whole.then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_survives() {
        for text in [
            "",
            "\n",
            "root:x:0:\n",
            "root:x:0:",
            "# comment\n\nroot:x:0:\nbroken\ntoo:many:fields:in:here\n+:::\n",
            "caf\u{e9}:x:7:a,b\r\n",
            "\0\0:::\n",
        ] {
            let table = Table::<4>::parse(text.as_bytes(), &[2]);
            assert_eq!(table.print(), text.as_bytes(), "{text:?}");
        }
        assert_eq!(
            Table::<4>::parse(b"\xff:\xfe::\n", &[2]).print(),
            b"\xff:\xfe::\n"
        );
    }

    #[test]
    fn only_whole_lines_are_rows() {
        let text =
            b"#a:x:1:\n+b:x:2:\n-c:x:3:\nd:x:4\ne:x:5:\nf:x:6:m:\n:x:7:\n\ng:x::\nh:x:y:\n+:::\n";
        let table = Table::<4>::parse(text, &[2]);
        let names: Vec<_> = table.rows().map(|row| row[0]).collect();
        assert_eq!(names, [b"e"]);
    }

    #[test]
    fn a_new_row_goes_behind_the_last_local_line() {
        for (before, after) in [
            ("", "n:x:9:\n"),
            ("a:x:1:\n", "a:x:1:\nn:x:9:\n"),
            ("a:x:1:", "a:x:1:\nn:x:9:\n"),
            ("a:x:1:\n+:::\n", "a:x:1:\nn:x:9:\n+:::\n"),
            (
                "a:x:1:\n-b:::\n+@net:::\n+:::",
                "a:x:1:\nn:x:9:\n-b:::\n+@net:::\n+:::",
            ),
            ("+:::\na:x:1:\n", "+:::\na:x:1:\nn:x:9:\n"),
            ("+:::\n", "n:x:9:\n+:::\n"),
        ] {
            let mut table = Table::<4>::parse(before.as_bytes(), &[2]);
            table.push([b"n", b"x", b"9", b""]);
            assert_eq!(table.print(), after.as_bytes(), "{before:?}");
        }
    }

    #[test]
    fn a_row_takes_the_place_of_those_of_its_name() {
        for (before, after) in [
            ("", "n:x:9:\n"),
            ("a:x:1:", "a:x:1:\nn:x:9:\n"),
            ("n:old:7:m", "n:x:9:\n"),
            ("n:old:7:m\na:x:1:\nn:older:8:\n", "n:x:9:\na:x:1:\n"),
            ("a:x:1:\nn:old:7:m\n+:::\n", "a:x:1:\nn:x:9:\n+:::\n"),
            ("a:x:1:\nn:y:7:\nn:z:8:", "a:x:1:\nn:x:9:\n"),
            ("n:broken\n#n:x:1:\n", "n:broken\n#n:x:1:\nn:x:9:\n"),
        ] {
            let mut table = Table::<4>::parse(before.as_bytes(), &[2]);
            table.put([b"n", b"x", b"9", b""]);
            assert_eq!(table.print(), after.as_bytes(), "{before:?}");
        }
    }

    #[test]
    fn setting_a_field_changes_the_first_row_of_the_name() {
        for (before, after) in [
            ("a:x:1:\nb:x:2:\nb:x:3:\n", "a:x:1:\nb:x:2:m\nb:x:3:\n"),
            ("b:broken\nb:x::\nb:x:2:k", "b:broken\nb:x::\nb:x:2:m"),
            ("a:x:1:\n", "a:x:1:\n"),
        ] {
            let mut table = Table::<4>::parse(before.as_bytes(), &[2]);
            table.set(b"b", 3, b"m");
            assert_eq!(table.print(), after.as_bytes(), "{before:?}");
        }
    }

    #[test]
    fn numbers() {
        for (field, want) in [
            (&b"0"[..], Some(0)),
            (b"4294967295", Some(u32::MAX)),
            (b"4294967296", None),
            (b"", None),
            (b"-1", None),
            (b"+1", None),
            (b"\xff", None),
        ] {
            assert_eq!(number(field), want);
        }
    }
}
