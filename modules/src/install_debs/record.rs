//! What dpkg's list says of a package that was just unpacked.

use super::database::{Entry, State};
use super::relations::normalize;
use super::unpack::{Package, Unpacking};

impl Unpacking {
    /// Writes down that the package is unpacked; returns its place in the list.
    pub(super) fn note(&mut self, package: &Package<'_>) -> usize {
        let candidate = package.candidate;
        let mut paragraph = candidate.control.clone();
        normalize(&mut paragraph);
        paragraph.set("Package", &*candidate.identity.name);
        paragraph.set("Version", candidate.identity.version.to_string());
        paragraph.set("Conffiles", package.settings.print());
        if let Some(old) = package.old.map(|old| self.database.entry(old)) {
            let before = &old.paragraph;
            for field in ["Priority", "Section"] {
                if paragraph.get(field).is_empty() {
                    paragraph.set(field, before.get(field));
                }
            }
            let configured = match (old.state, before.get("Config-Version")) {
                (State::ConfigFiles, "") => before.get("Version"),
                (_, version) => version,
            };
            paragraph.set("Config-Version", configured);
            paragraph.set("Triggers-Awaited", before.get("Triggers-Awaited"));
        }
        let new = Entry::new(
            candidate.identity.clone(),
            State::Unpacked,
            paragraph,
            candidate.relations.clone(),
        );
        if let Some(old) = package.old {
            self.database.set_files(old, Vec::new());
        }
        self.database.put(package.old, new)
    }
}
