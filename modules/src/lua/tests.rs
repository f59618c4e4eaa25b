use super::*;
use crate::kit::{Files, NOW, image};

/// Runs a script; returns why it failed, or was undone.
fn run_in(text: &str, files: &[(&str, &str)], check: impl FnOnce(&Root<'_>)) -> Option<String> {
    let mut tree = image(files);
    let host = Files::default();
    let mut root = Root::new(&mut tree, &host, NOW);
    assert!(is_known(text), "{text}");
    let outcome = run(&mut root, text, &[1], &[]).unwrap();
    check(&root);
    match outcome {
        Outcome::Done => None,
        Outcome::Failed(why) => Some(why),
        Outcome::Undone(why) => Some(format!("undone, {why}")),
    }
}

#[test]
fn what_it_takes_is_bounded() {
    for (text, want) in [
        ("while true do end", "more than 50 million instructions"),
        (
            "local t = {} while true do t[#t + 1] = 'x' .. #t end",
            "more than 64 MiB of memory",
        ),
        (
            "local s = 'x' while true do s = s .. s end",
            "more than 64 MiB of memory",
        ),
        ("string.rep('x', 1 << 40)", "resulting string too large"),
        (
            "local f f = function() return f() + 1 end f()",
            // Whichever comes first: the stack takes most of the memory that there is.
            "stack overflow|more than 64 MiB of memory",
        ),
        (
            "(('a'):rep(1000)):find(('a-'):rep(20) .. 'b')",
            "string.find: the pattern would take too long",
        ),
        (
            "nothing()",
            "attempt to call a nil value (global 'nothing')",
        ),
        ("x =", "unexpected symbol near <eof>"),
        ("error('own')", "own"),
        ("error({})", "table"),
        ("assert(nil, print)", "function"),
        (
            "io.open('/a', 'x')",
            "bad argument #2 to 'open' (invalid mode)",
        ),
        (
            "io.stdout:seek()",
            "attempt to call a nil value (method 'seek')",
        ),
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
                f:write(tostring({}), tostring(print))\n\
                f:write(('%s|%5s|%s|%%|%q'):format({}, print, nil, 'p'))\n\
                t = {} for i = 1, 2000 do t[i] = {i < 1200 and i or 5000 - i} end\n\
                for i = 1, 2000 do t[i].at = i end\n\
                table.sort(t, function(a, b) return a[1] // 9 < b[1] // 9 end)\n\
                for i = 1, 2000 do f:write(' ', t[i].at) end\n\
                f:write('\\n', 0.0, ' ', 2^53, ' ', 0.5, ' ', 7)";
    let mut outs = Vec::new();
    for _ in 0..2 {
        let failed = run_in(text, &[], |root| outs.push(root.read("/out").unwrap()));
        assert_eq!(failed, None);
    }
    assert_eq!(outs[0], outs[1]);
    let out = String::from_utf8(outs.remove(0)).unwrap();
    assert!(out.starts_with("true 2\n1 1\nk1 1\nk10 10\n"), "{out}");
    let want = "k9 9\ntablefunctiontable|function|nil|%|\"p\"";
    assert!(out.contains(want), "{out}");
    assert!(out.ends_with("\n0 9.007199254741e+15 0.5 7"), "{out}");
}

#[test]
fn what_is_not_here_leaves_nothing() {
    for (text, want) in [
        ("('%p'):format({})", "not here: string.format: '%p'"),
        (
            "for k in pairs({[{}] = 1, [{}] = 2}) do end",
            "not here: pairs: keys that are a table",
        ),
        (
            "io.open('/etc/a'):read('n')",
            "not here: file:read: numbers",
        ),
        ("while true do end", "more than 50 million instructions"),
        (
            "local s = 'x' while true do s = s .. s end",
            "more than 64 MiB of memory",
        ),
    ] {
        let text = format!("posix.mkdir('/new') os.remove('/etc/b'); {text}");
        let files = [("/etc/a", "1"), ("/etc/b", "2")];
        let undone = run_in(&text, &files, |root| {
            assert!(!root.exists("/new"), "{text}");
            assert!(root.exists("/etc/b"), "{text}");
        });
        let undone = undone.unwrap_or_default();
        let is_said = undone.starts_with("undone, ") && undone.contains(want);
        assert!(is_said, "{text}: {undone}");
    }
}
