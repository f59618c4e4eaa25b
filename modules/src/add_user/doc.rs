//! The options of `add_user` as users read them.

use crate::option::{OptionDoc, Shape};

const ACCOUNT: Shape = Shape::Map(&[
    OptionDoc::required("name", Shape::Text, "the login name"),
    OptionDoc::optional(
        "uid",
        Shape::ID,
        "the number of the user; the next free one if left out",
    ),
    OptionDoc::optional("gid", Shape::ID, "the number of the user's own group"),
    OptionDoc::optional(
        "groups",
        Shape::List(&Shape::Text),
        "further groups; those that are missing are made",
    ),
    OptionDoc::optional("gecos", Shape::Text, "full name and the like"),
    OptionDoc::optional(
        "home",
        Shape::Text,
        "home directory; below /home if left out",
    ),
    OptionDoc::optional(
        "shell",
        Shape::Text,
        "the program that a login starts; as useradd has it if left out",
    ),
    OptionDoc::flag(
        "system",
        "an account of a service: a low number, and no home of its own accord",
    ),
    OptionDoc::optional(
        "password_hash",
        Shape::Text,
        "a hash as crypt(5) has it; without one there is no password to log in with",
    ),
    OptionDoc::optional(
        "ssh_authorized_keys",
        Shape::List(&Shape::Text),
        "lines for ~/.ssh/authorized_keys",
    ),
    OptionDoc::optional(
        "sudo",
        Shape::AnyOf(&[Shape::Bool, Shape::Text]),
        "true for any command without a password, or what follows the name in a rule of sudoers(5)",
    ),
    OptionDoc::optional(
        "create_home",
        Shape::Bool,
        "whether a home is made from /etc/skel; not for `system` if left out",
    ),
    OptionDoc::optional(
        "expire",
        Shape::Text,
        "the day from which on the account is closed, as in 2031-12-31",
    ),
]);

pub(super) const OPTIONS: &[OptionDoc] = &[OptionDoc::required(
    "add_users",
    Shape::List(&Shape::AnyOf(&[Shape::Text, ACCOUNT])),
    "the users; a name alone is an administrator, with sudo where the image has it",
)];

pub(super) const EXAMPLE: &str = r#"modules: [add_user]
add_users:
  - alice
  - name: web
    system: true
    shell: /usr/sbin/nologin
  - name: bob
    uid: 1200
    groups: [adm]
    ssh_authorized_keys:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJH8WHzZ1lli4B/7m/AoDjc7wWaoGFcFqHEEloUnEj9R bob
    sudo: "ALL=(root) NOPASSWD: /usr/bin/systemctl"
"#;
