use super::*;
use crate::kit::{Files, NOW, image};

fn run_in(text: &str, files: &[(&str, &str)], check: impl FnOnce(&Root<'_>)) -> Option<String> {
    let mut tree = image(files);
    let host = Files::default();
    let mut root = Root::new(&mut tree, &host, NOW);
    assert!(is_known(text), "{text}");
    let failed = run(&mut root, text, &[1], &[]).unwrap();
    check(&root);
    failed
}

#[test]
fn what_it_takes_is_bounded() {
    for (text, want) in [
        ("while true do end", "more than 50 million instructions"),
        (
            "local t = {} while true do t[#t + 1] = 'x' .. #t end",
            "not enough memory",
        ),
        (
            "local s = 'x' while true do s = s .. s end",
            "not enough memory",
        ),
        ("string.rep('x', 1 << 40)", "resulting string too large"),
        (
            "local f f = function() return f() + 1 end f()",
            // Whichever comes first: the stack takes most of the memory that there is.
            "stack overflow|not enough memory",
        ),
        (
            "(('a'):rep(1000)):find(('a-'):rep(20) .. 'b')",
            "string.find: the pattern would take too long",
        ),
        (
            "nothing()",
            "attempt to call a nil value (global 'nothing')",
        ),
        (
            "math.random()",
            "attempt to call a nil value (field 'random')",
        ),
        ("x =", "unexpected symbol near <eof>"),
        ("error('own')", "own"),
        ("io.open('/a', 'r+')", "the mode 'r+' is not known here"),
    ] {
        let failed = run_in(text, &[], |_| {});
        let failed = failed.unwrap_or_default();
        let is_said = want.split('|').any(|want| failed.contains(want));
        assert!(is_said, "{text}: {failed}");
    }
}

#[test]
fn it_does_the_same_each_time() {
    let text = "local t = {} for i = 1, 50 do t['k' .. i] = i end t[1] = 1 t[true] = 2\n\
                local f = io.open('/out', 'w')\n\
                for k, v in pairs(t) do f:write(tostring(k), ' ', v, '\\n') end\n\
                f:write(tostring({}), tostring(print))";
    let mut outs = Vec::new();
    for _ in 0..2 {
        let failed = run_in(text, &[], |root| outs.push(root.read("/out").unwrap()));
        assert_eq!(failed, None);
    }
    assert_eq!(outs[0], outs[1]);
    let out = String::from_utf8(outs.remove(0)).unwrap();
    assert!(out.starts_with("true 2\n1 1\nk1 1\nk10 10\n"), "{out}");
    assert!(out.ends_with("k9 9\ntablefunction"), "{out}");
}
