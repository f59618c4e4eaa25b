//! Repositories of dnf, yum and zypper: sections of `.repo` files.

use serde::Deserialize;

use super::key::{self, Form};
use super::{check_line, check_name};
use crate::given::{self, Given};
use crate::ini;
use crate::value::{Spanned, ValueError};
use crate::{Error, Host, Root};

const KEYS: &str = "/etc/pki/rpm-gpg";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repo {
    pub(super) name: Spanned<String>,
    description: Option<Spanned<String>>,
    baseurl: Option<Spanned<Vec<Spanned<String>>>>,
    metalink: Option<Spanned<String>>,
    mirrorlist: Option<Spanned<String>>,
    key: Option<Given>,
    gpgkey: Option<Spanned<Vec<Spanned<String>>>>,
    gpgcheck: Option<bool>,
    priority: Option<Spanned<u8>>,
    #[serde(default = "super::yes")]
    enabled: bool,
}

impl Repo {
    pub(super) fn check(&self, host: &dyn Host) -> Result<(), ValueError> {
        check_name(&self.name)?;
        let places = [&self.metalink, &self.mirrorlist].into_iter().flatten();
        for place in places.clone() {
            check_line(place, true)?;
        }
        let lists = [&self.baseurl, &self.gpgkey].into_iter().flatten();
        for list in lists {
            if list.is_empty() {
                return Err(list.error("the list is empty"));
            }
            for url in list.iter() {
                check_line(url, true)?;
            }
        }
        if let Some(description) = &self.description {
            check_line(description, false)?;
        }
        match places.count() + usize::from(self.baseurl.is_some()) {
            0 => {
                let error = self
                    .name
                    .error(format!("the repository {} is nowhere", *self.name));
                return Err(error.help("give `baseurl`, `metalink` or `mirrorlist`"));
            }
            1 => {}
            _ => {
                let message = format!("the repository {} is at several places", *self.name);
                let error = self.name.error(message);
                return Err(error.help("give one of `baseurl`, `metalink`, `mirrorlist`"));
            }
        }
        if let Some(priority) = self.priority.as_ref().filter(|p| !(1..=99).contains(&***p)) {
            let message = format!("priority {}: 1 to 99 are allowed", **priority);
            return Err(priority.error(message));
        }
        if let (Some(_), Some(urls)) = (&self.key, &self.gpgkey) {
            let error = urls.error("the repository has `key` and `gpgkey`");
            return Err(error.help("leave one of them out"));
        }
        if let Some(key) = &self.key
            && key::check(key, host)? != Form::Armored
        {
            return Err(key
                .error("rpm wants the key armored")
                .help("gpg --armor --export"));
        }
        Ok(())
    }
}

pub(super) fn write(root: &mut Root<'_>, repo: &Repo) -> Result<(), Error> {
    let id = repo.name.as_str();
    let join = |list: &Spanned<Vec<Spanned<String>>>| {
        let urls: Vec<_> = list.iter().map(|url| url.as_str()).collect();
        urls.join(" ")
    };
    let gpgkey = match &repo.key {
        Some(key) => {
            let path = format!("{KEYS}/RPM-GPG-KEY-{id}");
            let bytes = given::read(key, root)?;
            root.mkdir_above(&path)?;
            root.write(&path, bytes)?;
            Some(format!("file://{path}"))
        }
        None => repo.gpgkey.as_ref().map(join),
    };
    let text = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.value.clone());
    let path = file_of(root, id)?;
    let before = root.read_if_exists(&path)?.unwrap_or_default();
    let description = text(&repo.description).or_else(|| {
        // A name that is there is as good as any.
        (!ini::has(&before, id, "name")).then(|| id.to_owned())
    });
    let flag = |value: bool| Some(u8::from(value).to_string());
    let mut keys = vec![("enabled", flag(repo.enabled))];
    // What comes from a repository that is new is checked.
    let is_new = !ini::has(&before, id, "gpgcheck");
    let gpgcheck = repo.gpgcheck.or(is_new.then_some(true));
    keys.extend(gpgcheck.map(|value| ("gpgcheck", flag(value))));
    keys.extend(description.map(|name| ("name", Some(name))));
    keys.extend(gpgkey.map(|key| ("gpgkey", Some(key))));
    keys.extend(
        repo.priority
            .as_ref()
            .map(|p| ("priority", Some(p.to_string()))),
    );
    // One place in use puts the others out of it.
    keys.extend([
        ("baseurl", repo.baseurl.as_ref().map(join)),
        ("metalink", text(&repo.metalink)),
        ("mirrorlist", text(&repo.mirrorlist)),
    ]);
    root.mkdir_above(&path)?;
    root.write(&path, ini::set(&before, id, &keys))?;
    Ok(())
}

/// Returns the file that has the repository, or is to have it.
fn file_of(root: &Root<'_>, id: &str) -> Result<String, Error> {
    let folder = match root.is_dir("/etc/zypp/repos.d") {
        true => "/etc/zypp/repos.d",
        false => "/etc/yum.repos.d",
    };
    for path in root.glob(format!("{folder}/*.repo")) {
        if root.is_file(&path) && ini::has_section(&root.read(&path)?, id) {
            return Ok(String::from_utf8_lossy(&path).into_owned());
        }
    }
    Ok(format!("{folder}/{id}.repo"))
}
