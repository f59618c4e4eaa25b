//! chkconfig's `alternatives`.

use fsgen::Kind;

use super::group::{Group, has_folder, lead, part, way};
use super::{Alternative, GoneAlternative};
use crate::root::join;
use crate::{Root, RootError};

/// The program, which dpkg's does not come with.
const PROGRAM: [&str; 2] = ["/usr/sbin/alternatives", "/usr/bin/alternatives"];

/// Where the files are that list what there is to choose from: those of OSTree have no `/var`.
const FILES: [&str; 2] = ["/var/lib/alternatives", "/etc/alternatives-admindir"];

/// Returns whether an image has the program.
pub(super) fn is_there(root: &Root<'_>) -> bool {
    PROGRAM.iter().any(|path| root.exists(path))
}

/// Adds a choice; returns whether that could be done.
pub(super) fn install(root: &mut Root<'_>, new: &Alternative) -> Result<bool, RootError> {
    let mut state = match State::read(root, &new.name)? {
        Read::Known(state) => state,
        Read::Unknown => return Ok(false),
        Read::Missing => {
            let mut state = State::empty(root, new);
            state.group.add(new);
            return state.write(root, false);
        }
    };
    if state.group.link != new.link {
        return Ok(false);
    }
    for [link, name, _] in &new.followers {
        let mut followers = state.group.followers.iter();
        match followers.find(|(own, there)| own == name || there == link) {
            Some((own, there)) if own == name && there != link => return Ok(false),
            Some(_) => {}
            None => state.group.add_follower(name, link),
        }
    }
    let known = state.group.find(&new.path);
    state.group.add(new);
    match known {
        // Which is the best is not asked again.
        Some(_) => {
            for (name, link) in state.group.drop_unused() {
                part(root, &link, &name)?;
            }
        }
        None if new.priority > state.group.choices[state.best].number() => {
            state.best = state.group.choices.len() - 1;
        }
        None => {}
    }
    state.group.sort_followers(|(_, link)| link);
    state.write(root, known.is_some())
}

/// Removes a choice; returns whether that could be done, which it cannot where it is not there.
pub(super) fn remove(root: &mut Root<'_>, gone: &GoneAlternative) -> Result<bool, RootError> {
    let Read::Known(mut state) = State::read(root, &gone.name)? else {
        return Ok(false);
    };
    let Some(at) = state.group.find(&gone.path).filter(|_| state.has_link) else {
        return Ok(false);
    };
    if let [_] = &*state.group.choices {
        state.group.erase(root, state.name, &state.file)?;
        return Ok(true);
    }
    let choices = &mut state.group.choices;
    let family = state
        .current
        .and_then(|at| choices[at].family().map(str::to_owned));
    choices.swap_remove(at);
    state.current = match state.current {
        Some(current) if current == at => None,
        Some(current) if current == choices.len() => Some(at),
        current => current,
    };
    // One of the family of what was chosen is better than any other.
    let rank = |at: usize| {
        let is_own = family.is_some() && choices[at].family() == family.as_deref();
        (is_own, choices[at].number())
    };
    let best = (0..choices.len()).reduce(|best, at| if rank(at) > rank(best) { at } else { best });
    state.best = best.unwrap_or(0);
    let is_lost = state.current.is_none();
    if is_lost {
        let is_own = family.is_some() && choices[state.best].family() == family.as_deref();
        state.group.is_manual &= is_own;
        state.current = Some(state.best);
    }
    state.write(root, is_lost)
}

/// What becomes of reading a name's file.
enum Read<'n> {
    Missing,
    Unknown,
    Known(State<'n>),
}

/// A name, as it is while the program works on it.
struct State<'n> {
    name: &'n str,
    file: Vec<u8>,
    group: Group,
    best: usize,
    /// Whether there is a link, and which choice it leads to.
    has_link: bool,
    current: Option<usize>,
}

impl<'n> State<'n> {
    fn empty(root: &Root<'_>, new: &'n Alternative) -> Self {
        let follower = |[link, name, _]: &[String; 3]| (name.clone(), link.clone());
        let group = Group {
            link: new.link.clone(),
            followers: new.followers.iter().map(follower).collect(),
            ..Group::default()
        };
        Self {
            name: &new.name,
            file: file(root, &new.name),
            group,
            best: 0,
            has_link: false,
            current: None,
        }
    }

    fn read(root: &Root<'_>, name: &'n str) -> Result<Read<'n>, RootError> {
        let file = file(root, name);
        let Some(bytes) = root.read_if_exists(&file)? else {
            return Ok(Read::Missing);
        };
        let group = Group::parse(&String::from_utf8_lossy(&bytes));
        let Some(mut group) = group.filter(|group| !group.choices.is_empty()) else {
            return Ok(Read::Unknown);
        };
        let best = group.best(None);
        let mut current = None;
        let way = root.lstat(way(name)).map(|node| &node.kind);
        let has_link = if let Ok(Kind::Symlink(path)) = way {
            current = group.find(&String::from_utf8_lossy(path));
            // Somebody made it lead elsewhere.
            group.is_manual |= current != Some(best);
            true
        } else {
            false
        };
        Ok(Read::Known(Self {
            name,
            file,
            group,
            best,
            has_link,
            current,
        }))
    }

    /// Writes the file, and makes the links lead to what is chosen unless somebody chose it before;
    /// returns whether they could be made.
    fn write(self, root: &mut Root<'_>, is_forced: bool) -> Result<bool, RootError> {
        root.mkdir_above(&self.file)?;
        root.write(&self.file, self.group.print())?;
        let chosen = match self.group.is_manual {
            true if !is_forced => return Ok(true),
            true => self.current.unwrap_or(0),
            false => self.best,
        };
        let choice = &self.group.choices[chosen];
        let mut is_done = true;
        let followers = self.group.followers.iter().zip(&choice.followers);
        let followers = followers.map(|((name, link), path)| (&**link, &**name, &**path));
        let own = (&*self.group.link, self.name, &*choice.path);
        for (link, name, path) in std::iter::once(own).chain(followers) {
            match path.is_empty() {
                true => part(root, link, name)?,
                false if has_folder(root, link) => lead(root, link, name, path)?,
                false => is_done = false,
            }
        }
        Ok(is_done)
    }
}

fn file(root: &Root<'_>, name: &str) -> Vec<u8> {
    let is_other = !root.is_dir(FILES[0]) && root.is_dir(FILES[1]);
    join(FILES[usize::from(is_other)].as_bytes(), name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::super::group::way;
    use super::super::{Alternative, GoneAlternative};
    use crate::Root;
    use crate::kit::{Files, NOW, image};

    const TWO: &str =
        "--install /bin/x x /bin/two 20 --slave /man/x x.1 /no/two --slave /a/x x.0 /a/two";
    const ONE: &str = "--install /bin/x x /bin/one 20";
    const ONE_BETTER: &str = "--install /bin/x x /bin/one 30";

    /// Commands, whether the last is done, the file, and where the links of `x` and `x.1` lead, as
    /// chkconfig's source has it: no judge has the program.
    type Row<'a> = (&'a [&'a str], bool, &'a str, [&'a str; 2]);

    const ROWS: &[Row<'_>] = &[
        // One of the same priority is not better; a path that is not there gets a link.
        (
            &[TWO, ONE],
            true,
            "auto /bin/x x.0 /a/x x.1 /man/x  /bin/two 20 /a/two /no/two /bin/one 20  ",
            ["/bin/two", "/no/two"],
        ),
        (
            &[TWO, "--remove x /bin/one"],
            false,
            "auto /bin/x x.1 /man/x x.0 /a/x  /bin/two 20 /no/two /a/two",
            ["/bin/two", "/no/two"],
        ),
        // No link gets another place.
        (
            &[TWO, "--install /bin/other x /bin/one 90"],
            false,
            "auto /bin/x x.1 /man/x x.0 /a/x  /bin/two 20 /no/two /a/two",
            ["/bin/two", "/no/two"],
        ),
        (
            &[
                TWO,
                "--install /bin/x x /bin/one 90 --slave /b/x x.1 /b/one",
            ],
            false,
            "auto /bin/x x.1 /man/x x.0 /a/x  /bin/two 20 /no/two /a/two",
            ["/bin/two", "/no/two"],
        ),
        // Followers that no choice has stay until one is changed.
        (
            &[TWO, ONE, "--remove x /bin/two"],
            true,
            "auto /bin/x x.0 /a/x x.1 /man/x  /bin/one 20  ",
            ["/bin/one", ""],
        ),
        (
            &[TWO, ONE, "--install /bin/x x /bin/two 20"],
            true,
            "auto /bin/x  /bin/two 20 /bin/one 20",
            ["/bin/two", ""],
        ),
        // Which is the best is not asked again for one that changes, so it was chosen after that.
        (
            &[TWO, ONE, ONE_BETTER],
            true,
            "auto /bin/x x.0 /a/x x.1 /man/x  /bin/two 20 /a/two /no/two /bin/one 30  ",
            ["/bin/two", "/no/two"],
        ),
        (
            &[TWO, ONE, ONE_BETTER, "--install /bin/x x /bin/four 99"],
            true,
            "manual /bin/x x.0 /a/x x.1 /man/x  /bin/two 20 /a/two /no/two /bin/one 30   /bin/four 99  ",
            ["/bin/two", "/no/two"],
        ),
        // The last takes the place of what goes.
        (
            &[
                TWO,
                ONE,
                "--install /bin/x x /bin/four 5",
                "--remove x /bin/two",
            ],
            true,
            "auto /bin/x x.0 /a/x x.1 /man/x  /bin/four 5   /bin/one 20  ",
            ["/bin/one", ""],
        ),
        (&[TWO, "--remove x /bin/two"], true, "", ["", ""]),
        (&["--remove x /bin/two"], false, "", ["", ""]),
        (
            &["--install /no/x x /bin/two 5"],
            false,
            "auto /no/x  /bin/two 5",
            ["", ""],
        ),
        // A program that is there by itself stays.
        (
            &["--install /bin/own x /bin/two 5"],
            true,
            "auto /bin/own  /bin/two 5",
            ["/bin/two", ""],
        ),
    ];

    #[test]
    fn it_chooses_as_the_source_says() {
        let own = [
            ("/usr/sbin/alternatives", ""),
            ("/bin/own", ""),
            ("/man/", ""),
            ("/a/two", ""),
        ];
        for (commands, is_done, file, leads) in ROWS {
            let mut tree = image(&own);
            let host = Files::default();
            let mut root = Root::new(&mut tree, &host, NOW);
            let mut last = true;
            for text in *commands {
                let words: Vec<&str> = text.split(' ').collect();
                last = match GoneAlternative::parse(&words) {
                    Some(gone) => gone.run(&mut root).unwrap(),
                    None => Alternative::parse(&words).unwrap().run(&mut root).unwrap(),
                };
            }
            let found = root.read_if_exists("/var/lib/alternatives/x").unwrap();
            let found = String::from_utf8(found.unwrap_or_default()).unwrap();
            let found = found
                .strip_suffix('\n')
                .unwrap_or(&found)
                .replace('\n', " ");
            let led = ["x", "x.1"].map(|name| root.readlink(way(name)).unwrap_or_default());
            let led = led.map(|path| String::from_utf8(path).unwrap());
            assert_eq!(
                (last, &*found, led),
                (*is_done, *file, leads.map(str::to_owned)),
                "{commands:?}"
            );
        }
    }

    /// Choices of a family that the file has, and what takes the place of the current one.
    #[test]
    fn one_of_the_same_family_takes_the_place() {
        let file = "manual\n/bin/x\n\n/bin/a\n@f@1\n/bin/b\n@f@2\n/bin/c\n9\n";
        for (current, mode, best) in [
            ("/bin/a", "manual", "/bin/b"),
            ("/bin/c", "auto", "/bin/b"),
            ("/bin/elsewhere", "auto", "/bin/c"),
        ] {
            let mut tree = image(&[
                ("/usr/bin/alternatives", ""),
                ("/bin/x@", &way("x")),
                ("/etc/alternatives/x@", current),
                ("/etc/alternatives-admindir/x", file),
            ]);
            let host = Files::default();
            let mut root = Root::new(&mut tree, &host, NOW);
            let gone = if current == "/bin/elsewhere" {
                "/bin/b"
            } else {
                current
            };
            let gone = GoneAlternative::parse(&["--remove", "x", gone]).unwrap();
            assert!(gone.run(&mut root).unwrap());
            let text = root.read_to_string("/etc/alternatives-admindir/x").unwrap();
            assert_eq!(text.lines().next(), Some(mode), "{current}");
            assert_eq!(
                root.readlink(way("x")).unwrap(),
                best.as_bytes(),
                "{current}"
            );
        }
    }
}
