//! Lines as `ls -l` has them: columns as wide as the widest so far.

use std::io::Write;

use anyhow::Result;

use super::Entry;
use crate::reader::name::shown;
use crate::reader::{Kind, time};

/// How many columns have a width: links, user, group, size.
const COLUMNS: usize = 4;

/// A line whose columns are not filled up yet.
pub(super) struct Row {
    mode: String,
    columns: [String; COLUMNS],
    rest: String,
}

/// Lines under way.
#[derive(Default)]
pub(super) struct Lines {
    widths: [usize; COLUMNS],
}

impl Lines {
    /// Returns the line of a file, to be written with those that come with it.
    pub(super) fn row(&mut self, entry: &Entry, name: &str) -> Row {
        let owner = |number: u32, name: &Option<String>| match name {
            Some(name) => format!("{number}({name})"),
            None => number.to_string(),
        };
        let target = match &entry.target {
            Some(target) => format!(" -> {}", shown(&target.1)),
            None => String::new(),
        };
        let size = match entry.stat.kind {
            Kind::BlockDevice(device) | Kind::CharDevice(device) => {
                format!("{}, {}", device.major, device.minor)
            }
            _ => entry.stat.size.to_string(),
        };
        let columns = [
            entry.links.to_string(),
            owner(entry.uid, &entry.user),
            owner(entry.gid, &entry.group),
            size,
        ];
        for (width, column) in self.widths.iter_mut().zip(&columns) {
            *width = column.chars().count().max(*width);
        }
        Row {
            mode: mode(entry),
            columns,
            rest: format!("{} {name}{target}", time::seconds(entry.stat.meta.mtime)),
        }
    }

    /// Writes lines.
    pub(super) fn write(&self, rows: &[Row], out: &mut dyn Write) -> Result<()> {
        let [links_width, user_width, group_width, size_width] = self.widths;
        for row in rows {
            let [links, user, group, size] = &row.columns;
            writeln!(
                out,
                "{} {links:>links_width$} {user:user_width$} {group:group_width$} \
                 {size:>size_width$} {}",
                row.mode, row.rest
            )?;
        }
        Ok(())
    }
}

/// Returns type and permissions, and `+` for an ACL, `@` for other attributes.
fn mode(entry: &Entry) -> String {
    let kind = match entry.stat.kind {
        Kind::Directory => 'd',
        Kind::File => '-',
        Kind::Symlink => 'l',
        Kind::BlockDevice(_) => 'b',
        Kind::CharDevice(_) => 'c',
        Kind::Fifo => 'p',
        Kind::Socket => 's',
    };
    let mode = entry.stat.meta.mode;
    let mut text = String::from(kind);
    for (shift, special, with, without) in [
        (6, 0o4000, 's', 'S'),
        (3, 0o2000, 's', 'S'),
        (0, 0o1000, 't', 'T'),
    ] {
        let bits = mode >> shift;
        text.push(if bits & 4 == 0 { '-' } else { 'r' });
        text.push(if bits & 2 == 0 { '-' } else { 'w' });
        text.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => with,
            (true, false) => without,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    let is_acl = |name: &String| name.starts_with("system.posix_acl_");
    text.push(match &entry.xattrs {
        none if none.is_empty() => ' ',
        some if some.keys().any(is_acl) => '+',
        _ => '@',
    });
    text
}
