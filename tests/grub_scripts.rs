//! What `kernel_cmdline` writes into a grub.cfg is a script that GRUB reads.

use std::sync::Arc;

use fsgen::{Kind, Timestamp};
use modules::Cfg;
use modules::value::Span;

use crate::accounts::{NoFiles, image, list, map};
use crate::kit::{Work, run, tool};

const SCRIPT: &str = "\
menuentry 'a b' --class \"x\" {
\tlinux\t/v root=LABEL=x ro quiet \"foo bar=baz\" dyndbg=\"file a +p\" # quiet
\tif [ x ]; then linux /c quiet; fi
\tlinux /b root=x quiet ; initrd /i
\tlinux16 /d ${quiet} 'a;b' c\\;d \\
\t  quiet
}
";

#[test]
fn grub_reads_what_is_taken() {
    let module = modules::find("kernel_cmdline").unwrap();
    let checks = |word: &str| {
        let change = map([("add", list(&[word])), ("remove", list(&["quiet", "bar"]))]);
        let recipe = map([("kernel_cmdline", change)]);
        let recipe = Arc::new(recipe.as_map().unwrap().clone());
        let cfg = Cfg::new(&recipe, module.keys, None, Span::default()).unwrap();
        (module.check)(&cfg, &NoFiles).is_ok().then_some(cfg)
    };
    let work = Work::new("grub");
    let is_read = |script: &str| {
        let script = work.write("grub.cfg", script);
        run(tool("grub-script-check").arg(script)).code == Some(0)
    };
    assert!(is_read(SCRIPT) && !is_read("linux /v a<b\n"));
    for sign in ('!'..='~').filter(|c| !c.is_ascii_alphanumeric()) {
        let word = format!("a{sign}b={sign}");
        let Some(cfg) = checks(&word) else {
            assert!("\"'\\$`#;|&<>{}".contains(sign), "{sign}");
            continue;
        };
        let mut tree = image(&[("boot/grub/grub.cfg", SCRIPT)]);
        let then = Timestamp::from_secs(0);
        modules::run(&mut tree, module.name, &NoFiles, then, |root| {
            (module.modify)(module.name, root, &cfg)
        })
        .unwrap();
        let Kind::File(content) = &tree
            .node(tree.resolve(b"/boot/grub/grub.cfg").unwrap())
            .kind
        else {
            panic!("the script is gone");
        };
        let script = String::from_utf8(content.read(&tree, 1 << 20).unwrap()).unwrap();
        assert_eq!(script.matches(&word).count(), 4, "{script}");
        assert!(is_read(&script), "{script}");
    }
}
