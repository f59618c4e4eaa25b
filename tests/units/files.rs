//! The unit files of an image, and presets; a text that starts with `->` is a link.

/// Unit files.
pub(super) const FILES: &[(&str, &str)] = &[
    // Enabled, and then replaced.
    (
        "usr/lib/systemd/system/both.service",
        "[Install]\nWantedBy=multi-user.target\n",
    ),
    (
        "etc/systemd/system/both.service",
        "[Install]\nWantedBy=multi-user.target a.target\n",
    ),
    (
        "etc/systemd/system/multi-user.target.wants/both.service",
        "->/usr/lib/systemd/system/both.service",
    ),
    (
        "usr/lib/systemd/system/plain.service",
        "[Install]\nWantedBy=multi-user.target\n",
    ),
    (
        "usr/lib/systemd/system/many.service",
        "[Install]\nWantedBy=multi-user.target graphical.target\nRequiredBy=plain.service\n\
         Alias=other.service dbus-org.many.service\nAlso=plain.service many.socket gone.service\n",
    ),
    (
        "usr/lib/systemd/system/many.socket",
        "[Install]\nWantedBy=sockets.target\n",
    ),
    (
        "usr/lib/systemd/system/getty@.service",
        "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n",
    ),
    ("usr/lib/systemd/system/autovt@.service", "->getty@.service"),
    (
        "usr/lib/systemd/system/spec@.service",
        "[Install]\nWantedBy=x-%p-%i-%j-%N.target multi-user.target\nRequiredBy=tmpl@%i.target\n\
         Alias=spalias@%i.service al@.service\n",
    ),
    (
        "usr/lib/systemd/system/tpl@.service",
        "[Install]\nWantedBy=a.target\nDefaultInstance=one\nAlias=tplalias@.service\n",
    ),
    (
        "usr/lib/systemd/system/tpl2@.service",
        "[Install]\nWantedBy=b@.target\nDefaultInstance=one\nAlias=tpl2alias@two.service\n",
    ),
    (
        "usr/lib/systemd/system/tpl3@.service",
        "[Install]\nWantedBy=b@.target\nAlias=tpl3alias@two.service tpl3other@.service\n",
    ),
    (
        "usr/lib/systemd/system/tpl4@.service",
        "[Install]\nAlso=tpl5@%i.service\nAlias=four@%i.service four-%p@.service\n\
         DefaultInstance=def\nAlso=tpl6@%i.service\n",
    ),
    (
        "usr/lib/systemd/system/tpl5@.service",
        "[Install]\nWantedBy=b@.target\n",
    ),
    (
        "usr/lib/systemd/system/tpl6@.service",
        "[Install]\nWantedBy=a.target\nAlias=six@%i.service\n",
    ),
    (
        "usr/lib/systemd/system/tpl7@.service",
        "[Install]\nWantedBy=a.target\n",
    ),
    (
        "usr/lib/systemd/system/cont.service",
        "[Unit]\nWantedBy=no.target\n[Install]\nWantedBy=gone.target\nWantedBy=\n\
         WantedBy = a.target \\\n# in between\n  b.target\n",
    ),
    (
        "usr/lib/systemd/system/drop.service",
        "[Install]\nWantedBy=a.target\n",
    ),
    (
        "usr/lib/systemd/system/drop.service.d/1.conf",
        "[Install]\nWantedBy=b.target\n",
    ),
    (
        "etc/systemd/system/drop.service.d/2.conf",
        "[Install]\nAlias=dropped.service\n",
    ),
    (
        "usr/lib/systemd/system/over.service",
        "[Install]\nWantedBy=vendor.target\n",
    ),
    (
        "etc/systemd/system/over.service",
        "[Install]\nWantedBy=admin.target\n",
    ),
    (
        "usr/local/lib/systemd/system/local.service",
        "[Install]\nWantedBy=a.target\n",
    ),
    (
        "usr/lib/systemd/system/a.target",
        "[Install]\nAlias=default.target\n",
    ),
    ("usr/lib/systemd/system/static.service", "[Service]\n"),
    (
        "usr/lib/systemd/system/badalias.service",
        "[Install]\nAlias=other.socket\n",
    ),
    ("etc/systemd/system/masked.service", "->/dev/null"),
    ("etc/systemd/system/maskal.service", "->masked.service"),
    (
        "etc/systemd/system/a.target.requires/maskal.service",
        "->../masked.service",
    ),
    ("dev/null", ""),
    ("d", "->dev"),
    ("etc/systemd/system/far.service", "->/d/null"),
    (
        "etc/systemd/system/over.target.wants/over.service",
        "->/dev/null",
    ),
    (
        "etc/systemd/system/over.target.wants/getty@m.service",
        "->../../../../dev/null",
    ),
    ("etc/systemd/system/getty@n.service", "->/dev/null"),
    ("etc/systemd/system/rmask.service", "->../../../dev/null"),
    (
        "usr/lib/systemd/system/rmask.service",
        "[Install]\nWantedBy=a.target\n",
    ),
    ("etc/systemd/system/empty.service", ""),
    ("etc/systemd/system/etclink.service", "->over.service"),
    (
        "opt/u/rel.service",
        "[Install]\nWantedBy=multi-user.target\nAlias=rel2.service\n",
    ),
    (
        "etc/systemd/system/rel.service",
        "->../../../opt/u/rel.service",
    ),
    ("etc/systemd/system/relon.service", "->/opt/u/rel.service"),
    ("opt/u/far@.service", "[Install]\nWantedBy=a.target\n"),
    ("etc/systemd/system/far@.service", "->/opt/u/far@.service"),
    ("opt2", "->opt"),
    (
        "etc/systemd/system/lower.service",
        "->/opt2/u/lower.service",
    ),
    ("opt/u/lower.service", "[Install]\nWantedBy=a.target\n"),
    (
        "etc/systemd/system/chain.service",
        "->/opt2/v/chain.service",
    ),
    ("opt/v/chain.service", "->../w/file.service"),
    (
        "etc/systemd/system/far-chain.service",
        "->/opt/v/chain.service",
    ),
    (
        "opt/w/file.service",
        "[Install]\nWantedBy=a.target\nAlias=file2.service\n",
    ),
    ("etc/systemd/system/tov.service", "->/opt/v/tov.service"),
    (
        "opt/v/tov.service",
        "->/usr/lib/systemd/system/plain.service",
    ),
];

/// Presets, and what makes it one with systemd.
pub(super) const PRESETS: &[(&str, &str)] = &[
    (
        "usr/lib/systemd/system/pulls.service",
        "[Install]\nWantedBy=a.target\nAlso=plxin.service\n",
    ),
    (
        "usr/lib/systemd/system/plxin.service",
        "[Install]\nWantedBy=a.target\n",
    ),
    ("usr/lib/systemd/systemd", ""),
    ("etc/systemd/system/more.service", "->/opt/more.service"),
    (
        "opt/more.service",
        "[Install]\nWantedBy=a.target\nAlias=early.service more2.service\n",
    ),
    ("etc/systemd/system/linked.service", "->/opt/linked.service"),
    (
        "opt/linked.service",
        "[Install]\nWantedBy=multi-user.target\n",
    ),
    (
        "etc/systemd/system/linkedon.service",
        "->/opt/linkedon.service",
    ),
    ("opt/linkedon.service", "[Install]\nWantedBy=a.target\n"),
    (
        "usr/lib/systemd/system/behind.service",
        "[Install]\nWantedBy=a.target\n",
    ),
    (
        "usr/lib/systemd/system/mark.service",
        "\u{feff}[Install]\nWantedBy=a.target\n",
    ),
    (
        "usr/lib/systemd/system/inst@.service",
        "[Install]\nWantedBy=%i.target a@%i.target\n",
    ),
    (
        "usr/lib/systemd/system/tx@.service",
        "[Install]\nWantedBy=t.target\n",
    ),
    ("usr/lib/systemd/system/tx@fix.service", "->tx@.service"),
    (
        "usr/lib/systemd/system/ty@.service",
        "[Install]\nWantedBy=t.target\n",
    ),
    (
        "etc/systemd/system/ty@fix.service",
        "->/usr/lib/systemd/system/ty@.service",
    ),
    (
        "usr/lib/systemd/system/noname.service",
        "[Install]\nWantedBy=a.target nosuffix b.target\n",
    ),
    ("usr/lib/systemd/system-preset/10-a.preset", "disable *\n"),
    (
        "etc/systemd/system-preset/10-a.preset",
        "# instead of the vendor's\nenable pl[a-k]in.service\ndisable pl?in.service\n\
         enable getty@.service tty3 tty4\ndisable over.*\n",
    ),
    (
        "usr/lib/systemd/system-preset/20-b.preset",
        "enable over.service\nenable many.socket\nenable more*\nenable early*\ndisable m*\nnonsense a\n\
         disable spec@a.service\ndisable linked.service\nenable tx@.service fix\n\
         disable rel.service\nenable behind.service # c\nenable behind.service x\n\
         disable behind*.service\n",
    ),
    (
        "etc/systemd/system/multi-user.target.wants/plain.service",
        "->/usr/lib/systemd/system/plain.service",
    ),
    (
        "etc/systemd/system/admin.target.wants/over.service",
        "->/etc/systemd/system/over.service",
    ),
];
