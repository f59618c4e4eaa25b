use fsgen::Tree;

use super::*;
use crate::kit::{read, refusal, texts, twice, value};
use crate::value::Value;

const GERMAN: (&str, &str) = ("/usr/lib/locale/de_DE.utf8/LC_CTYPE", "");

/// Returns the tree and the warnings.
fn done(files: &[(&str, &str)], recipe: &Value) -> (Tree, Vec<String>) {
    let (tree, outcome) = twice(files, "locale", recipe).unwrap();
    (tree, texts(&outcome.warnings))
}

#[test]
fn where_lang_is_set() {
    for (files, path, text) in [
        (&[GERMAN][..], CONF, "LANG=de_DE.UTF-8\n"),
        (
            &[GERMAN, (CONF, "# mine\nLANG=\"C\"\nLC_TIME=C\n")],
            CONF,
            "# mine\nLANG=de_DE.UTF-8\nLC_TIME=C\n",
        ),
        (
            &[GERMAN, ("/var/lib/dpkg/status", "")],
            DEBIAN,
            "LANG=de_DE.UTF-8\n",
        ),
        (
            &[
                GERMAN,
                (
                    DEBIAN,
                    "LC_ALL=C\n# LC_ALL=x\nLANG=C\nexport LC_ALL=\"C\"\n",
                ),
            ],
            DEBIAN,
            "# LC_ALL=x\nLANG=de_DE.UTF-8\n",
        ),
        // Debian 13 has it the other way round.
        (
            &[
                GERMAN,
                (CONF, "LANG=C\n"),
                ("/etc/default/locale@", "../locale.conf"),
            ],
            CONF,
            "LANG=de_DE.UTF-8\n",
        ),
        (
            &[("/lib/ld-musl-x86_64.so.1", "")],
            PROFILE,
            "export LANG=de_DE.UTF-8\n",
        ),
        (
            &[
                ("/lib/ld-musl-x86_64.so.1", ""),
                (
                    PROFILE,
                    "# mine\nexport LANG=C\nexport LC_ALL=C\nLANG=C\nexport TZ=UTC\n",
                ),
            ],
            PROFILE,
            "# mine\nexport LANG=C\nexport LANG=de_DE.UTF-8\nexport TZ=UTC\n",
        ),
    ] {
        let (tree, warnings) = done(files, &value!({"locale": "de_DE.UTF-8"}));
        assert_eq!(read(&tree, path), text);
        assert_eq!(warnings, [""; 0]);
    }
}

#[test]
fn what_counts_before_lang_is_told_of() {
    let files = [GERMAN, (CONF, "LANGUAGE=\"fr:en\"\n")];
    let (tree, warnings) = done(&files, &value!({"locale": "de_DE.UTF-8"}));
    assert_eq!(read(&tree, CONF), "LANGUAGE=\"fr:en\"\nLANG=de_DE.UTF-8\n");
    let want = "/etc/locale.conf sets LANGUAGE to fr:en, which messages are in before LANG";
    assert_eq!(warnings, [want]);
    for (environment, warning) in [
        ("LC_ALL=C\n", Some("C")),
        ("LC_ALL=\"de_DE.UTF-8\"\n", None),
        ("#LC_ALL=C\nLC_TIME=C\n", None),
    ] {
        let files = [GERMAN, (ENVIRONMENT, environment)];
        let (_, warnings) = done(&files, &value!({"locale": "de_DE.UTF-8"}));
        let want = warning.map(|value| {
            format!("/etc/environment sets LC_ALL to {value}, which counts before LANG")
        });
        assert_eq!(warnings, Vec::from_iter(want));
    }
}

#[test]
fn locales_that_are_not_compiled() {
    const WARNING: &str =
        "is not compiled: /etc/locale.gen lists it now, run locale-gen in the image";
    for (list, locale, after) in [
        (
            "# de_DE ISO-8859-1\n# de_DE.UTF-8 UTF-8\n",
            "de_DE.UTF-8",
            "# de_DE ISO-8859-1\nde_DE.UTF-8 UTF-8\n",
        ),
        (
            "#de_DE.UTF-8 UTF-8  \n#x\n",
            "de_DE.UTF-8",
            "de_DE.UTF-8 UTF-8\n#x\n",
        ),
        ("# de_DE ISO-8859-1\n", "de_DE", "de_DE ISO-8859-1\n"),
        ("# none", "de_DE.UTF-8", "# none\nde_DE.UTF-8 UTF-8\n"),
        ("de_DE.UTF-8 UTF-8\n", "de_DE.UTF-8", "de_DE.UTF-8 UTF-8\n"),
        ("de_DE.UTF-8 UTF-8\n", "de_DE.utf8", "de_DE.UTF-8 UTF-8\n"),
        ("", "de_DE.utf8", "de_DE.UTF-8 UTF-8\n"),
        (
            "",
            "de_DE.ISO-8859-15@euro",
            "de_DE.ISO-8859-15@euro ISO-8859-15\n",
        ),
    ] {
        let (tree, warnings) = done(&[(GEN, list)], &value!({"locale": locale}));
        assert_eq!(read(&tree, GEN), after);
        assert_eq!(warnings, [format!("locale {locale:?} {WARNING}")]);
    }
    // Definitions that are missing could not be compiled.
    let sources = [
        (GEN, "# none\n"),
        ("/usr/share/i18n/locales/de_DE", ""),
        ("/usr/share/i18n/locales/de_DE@euro", ""),
        ("/usr/share/i18n/charmaps/UTF-8.gz", ""),
        ("/usr/share/i18n/charmaps/ISO-8859-15", ""),
    ];
    for (locale, is_there) in [
        ("de_DE.UTF-8", true),
        ("de_DE.ISO-8859-15@euro", true),
        ("de_DE.UTF8", true),
        ("de_XX.UTF-8", false),
        ("de_DE.UTF-8@latin", false),
    ] {
        let recipe = value!({"locale": locale});
        match is_there {
            true => assert_eq!(
                done(&sources, &recipe).1,
                [format!("locale {locale:?} {WARNING}")]
            ),
            false => assert_eq!(
                crate::kit::refusal(&sources, "locale", &recipe),
                format!("the image has no locale {locale:?}")
            ),
        }
    }
    // What is compiled stays so when packages change: its line is active, too.
    let files = [(GEN, "# de_DE.UTF-8 UTF-8\n"), GERMAN];
    let (tree, warnings) = done(&files, &value!({"locale": "de_DE.UTF-8"}));
    assert_eq!(
        (read(&tree, GEN), warnings),
        ("de_DE.UTF-8 UTF-8\n".to_owned(), vec![])
    );
    let (tree, warnings) = done(&[(GEN, "#\n")], &value!({"locale": "C.UTF-8"}));
    assert_eq!((read(&tree, GEN), warnings), ("#\n".to_owned(), vec![]));
}

#[test]
fn keymaps() {
    const MAP: (&str, &str) = ("/usr/share/keymaps/i386/qwertz/de-latin1.map.gz", "");
    let latin = value!({"keymap": "de-latin1"});
    for (files, path, text) in [
        (
            &[MAP, ("/usr/lib/systemd/systemd-vconsole-setup", "")][..],
            "/etc/vconsole.conf",
            "KEYMAP=de-latin1\n",
        ),
        (
            &[("/etc/vconsole.conf", "FONT=x\n")],
            "/etc/vconsole.conf",
            "FONT=x\nKEYMAP=de-latin1\n",
        ),
        (
            &[(
                "/etc/default/keyboard",
                "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"us\"\n",
            )],
            "/etc/default/keyboard",
            "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"de\"\n",
        ),
        (
            &[("/usr/share/bkeymaps/de/de-latin1.bmap.gz", "map")],
            "/etc/keymap/de-latin1.bmap.gz",
            "map",
        ),
        (
            &[("/usr/share/bkeymaps/de/de-latin1.bmap.gz", "map")],
            "/etc/conf.d/loadkmap",
            "KEYMAP=/etc/keymap/de-latin1.bmap.gz\n",
        ),
    ] {
        let (tree, _) = done(files, &latin);
        assert_eq!(read(&tree, path), text);
    }
}

#[test]
fn keyboards_of_debian() {
    const FILE: &str = "/etc/default/keyboard";
    let before = "XKBMODEL=\"pc104\"\nXKBLAYOUT=\"us,ru\"\nXKBVARIANT=\"intl,\"\n\
        XKBOPTIONS=\"ctrl:nocaps,grp:alt_shift_toggle\"\nBACKSPACE=\"guess\"\n";
    let national = "XKBMODEL=\"jp106\"\nXKBLAYOUT=\"jp\"\nXKBOPTIONS=\"\"\n";
    let list = "! layout\n  de              German\n  gb   English\n\n! variant\n  neo             de: German (Neo 2)\n";
    let xkb = [
        ("/usr/share/X11/xkb/symbols/level3", ""),
        ("/usr/share/X11/xkb/rules/base.lst", list),
        (
            "/usr/share/systemd/kbd-model-map",
            "# c\nmine ch pc105 fr x\n",
        ),
    ];
    for (keymap, before, values) in [
        ("de", before, ["pc104", "de", "", "ctrl:nocaps"]),
        ("de", national, ["pc105", "de", "-", ""]),
        ("uk", before, ["pc104", "gb", "", "ctrl:nocaps"]),
        ("gb", before, ["pc104", "gb", "", "ctrl:nocaps"]),
        ("sv-latin1", before, ["pc104", "se", "", "ctrl:nocaps"]),
        ("jp106", before, ["jp106", "jp", "", "ctrl:nocaps"]),
        ("dvorak", before, ["pc104", "us", "dvorak", "ctrl:nocaps"]),
        ("us-acentos", before, ["pc104", "us", "intl", "ctrl:nocaps"]),
        ("fr_CH", before, ["pc104", "ch", "fr", "ctrl:nocaps"]),
        ("mine", before, ["pc104", "ch", "fr", "ctrl:nocaps"]),
        ("de-neo", before, ["pc104", "de", "neo", "ctrl:nocaps"]),
        (
            "ru",
            before,
            ["pc104", "ru,us", "", "ctrl:nocaps,grp:alt_shift_toggle"],
        ),
        (
            "ru",
            national,
            ["pc105", "ru,us", "-", "grp:shifts_toggle,grp_led:scroll"],
        ),
    ] {
        let mut files = xkb.to_vec();
        files.push((FILE, before));
        let (tree, _) = done(&files, &value!({"keymap": keymap}));
        let text = read(&tree, FILE);
        for (key, value) in ["MODEL", "LAYOUT", "VARIANT", "OPTIONS"]
            .into_iter()
            .zip(values)
        {
            let line = format!("XKB{key}=\"{value}\"\n");
            assert_eq!(text.contains(&line), value != "-", "{keymap}: {text}");
        }
    }
    let files = [(FILE, before), xkb[0], xkb[1]];
    for keymap in ["zzz", "de-zzz", "neo-de", "level3", "layout"] {
        assert_eq!(
            refusal(&files, "locale", &value!({"keymap": keymap})),
            format!("no keyboard of XKB is known for keymap {keymap:?}")
        );
    }
    let both = [(FILE, before), ("/etc/vconsole.conf", "")];
    let (tree, warnings) = done(&both, &value!({"keymap": "zzz"}));
    assert_eq!(read(&tree, FILE), before);
    assert_eq!(
        warnings,
        ["/etc/default/keyboard stays as it is: XKB has no keyboard for keymap \"zzz\""]
    );
}

#[test]
fn refusals() {
    for (files, recipe, message) in [
        (
            &[][..],
            value!({"locale": "de_DE.UTF-8"}),
            "the image has no locale \"de_DE.UTF-8\"",
        ),
        // Its charset cannot be known.
        (
            &[(GEN, "")],
            value!({"locale": "de_DE"}),
            "the image has no locale \"de_DE\"",
        ),
        (
            &[],
            value!({"locale": "de DE"}),
            "locale \"de DE\" has ' '; only letters, digits and \"_.@-\" are allowed",
        ),
        (&[], value!({"locale": ""}), "\"\" is no locale"),
        (&[], value!({"locale": "../x"}), "\"../x\" is no locale"),
        (
            &[],
            value!({"keymap": "de"}),
            "the image has nothing that sets a keymap",
        ),
        (
            &[
                ("/usr/share/keymaps/us.map.gz", ""),
                ("/etc/vconsole.conf", ""),
            ],
            value!({"keymap": "de"}),
            "the image has no keymap \"de\"",
        ),
        (&[], value!({}), "the step has nothing to do"),
    ] {
        assert_eq!(refusal(files, "locale", &recipe), message);
    }
}
