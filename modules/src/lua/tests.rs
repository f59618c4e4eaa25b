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
            "more than 50 million instructions",
        ),
        (
            "local s = 'x' while true do s = s .. s end",
            "more than 64 MiB of memory",
        ),
        (
            "local f f = function() return f() + 1 end f()",
            // Whichever comes first: the stack takes most of the memory that there is.
            "stack overflow|more than 64 MiB of memory|more than 50 million instructions",
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
fn what_functions_go_through_is_counted() {
    for text in [
        "(('a'):rep(1000)):find(('a-'):rep(20) .. 'b')",
        "for i = 1, 1e7 do local s = string.rep('x', 2e7) end",
        "string.rep('x', 1 << 40)",
        "string.rep('', 1 << 60)",
        "string.find(string.rep('(', 1 << 20), '%b()')",
        "local s = ('x'):rep(1e6) while true do s:find('y', 1, true) end",
        "local s = ('x'):rep(1e6) while true do s:gsub('x', 'y') end",
        "local s = ('x'):rep(1e6) while true do s:upper() end",
        "local s = ('x'):rep(1e6) while true do ('%q'):format(s) end",
        "local s = ('x'):rep(1e6) while true do tonumber(s) end",
        "local s, t = ('x'):rep(1e6) .. 'y', ('x'):rep(1e6) .. 'y' while s == t do end",
        "local s, n = ('x'):rep(1e6) while true do n = s .. 'y' end",
        "table.move({}, 1, 1 << 60, 2)",
        "local t = {} for i = 1, 1e6 do t[i] = i end while true do table.insert(t, 1, 1) end",
        "local t = {} for i = 1, 1e6 do t[i] = i end while true do table.concat(t) end",
        "local s = ('x'):rep(1e6) for i = 1, 6 do table.concat({s, s, s, s, s, s, s, s, s}) end",
        "local s = ('x'):rep(1e6) while true do utf8.len(s) end",
        "local f = io.open('/a', 'w'):write(('x'):rep(1e5)) \
         for i = 1, 1000 do f:seek('set') f:write('y') end",
        "local s = ('x'):rep(1e6) for i = 1, 100 do io.open('/' .. i, 'w'):write(s):close() end",
    ] {
        let undone = run_in(text, &[], |_| {}).unwrap_or_default();
        let is_said = undone.ends_with("it takes more than 50 million instructions");
        assert!(is_said, "{text}: {undone}");
    }
}

/// Lua's own functions judge ours.
#[test]
fn patterns_fit_as_with_lua() {
    let lua = mlua::Lua::new();
    let (ours, _) = bounds::state().unwrap();
    let judge = "local s, p, r = ... \
                 local function all(f, ...) \
                   local t = table.pack(f(...)) \
                   for i = 1, t.n do t[i] = tostring(t[i]) end \
                   return table.concat(t, ' ') \
                 end \
                 local out = { all(string.find, s, p), all(string.find, s, p, -3), \
                   all(string.match, s, p, 2), all(string.gsub, s, p, r), \
                   all(string.gsub, s, p, r, 1), all(string.gsub, s, p, { a = 1, b = false }), \
                   all(string.gsub, s, p, function(a, b) return b or a end) } \
                 for a, b in string.gmatch(s, p) do out[#out + 1] = tostring(a) .. tostring(b) end \
                 return table.concat(out, '|')";
    let parts = [
        "a", "b", "(", ")", "()", ".", "%a", "%A", "%d", "%s", "%w", "%p", "%u", "%z", "%Z",
        "[ab]", "[^a]", "[a-c%d]", "[]]", "[%]a]", "[a-]", "*", "+", "-", "?", "^", "$", "%1",
        "%2", "%b()", "%bab", "%f[%w]", "%f[%W]", "%", "[", "%%", "\0", "é", "%f", "%b(",
    ];
    let signs = [
        "a", "b", "c", "(", ")", " ", "1", "_", "\0", "é", "B", "%", "]", "\n",
    ];
    let mut state = 7_u64;
    let mut some = |of: &[&str], most: u64| {
        let mut next = |most: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % most
        };
        let count = next(most);
        (0..count)
            .map(|_| of[usize::try_from(next(of.len() as u64)).unwrap()])
            .collect::<String>()
    };
    let (mut fits, mut fails) = (0, 0);
    for _ in 0..20_000 {
        let (text, pattern) = (some(&signs, 10), some(&parts, 8));
        let with = some(&["x", "%0", "%1", "%2", "%%"], 4);
        let call = |lua: &mlua::Lua| {
            let out = lua
                .load(judge)
                .call::<mlua::BString>((&*text, &*pattern, &*with));
            out.ok().map(|out| out.to_vec())
        };
        let [want, got] = [&lua, &ours].map(call);
        match want {
            Some(_) => fits += 1,
            None => fails += 1,
        }
        assert_eq!(got, want, "{text:?} {pattern:?} {with:?}");
    }
    assert!(fits > 1000 && fails > 1000, "{fits} {fails}");
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
fn keys_are_ordered() {
    let text = "local t = { x = 1, ['x\\1'] = 1, w = 1, [''] = 1, [-1.5] = 1, [2] = 1, [1] = 1, \
                [true] = 1, [false] = 1, [2.0^63] = 1, [math.maxinteger] = 1, [1.5] = 1, \
                [math.huge] = 1, [-math.huge] = 1, [math.mininteger] = 1, [print] = 1, [{}] = 1 }\n\
                local f = io.open('/out', 'w')\n\
                for k in pairs(t) do f:write(tostring(k), ' ') t.w = nil end";
    let failed = run_in(text, &[], |root| {
        let want = "false true function -inf -9223372036854775808 -1.5 1 1.5 2 9223372036854775807 \
                    9.2233720368548e+18 inf  x x\u{1} table ";
        assert_eq!(String::from_utf8_lossy(&root.read("/out").unwrap()), want);
    });
    assert_eq!(failed, None);
    let failed = run_in("for k in pairs(nil) do end", &[], |_| {});
    let want = "bad argument #1 to 'for iterator' (table expected, got nil)";
    assert!(failed.is_some_and(|failed| failed.contains(want)));
}

#[test]
fn many_keys_and_lines_are_little() {
    let text = "local t = {} for i = 1, 3000 do t['k' .. i] = i end\n\
                for j = 1, 20 do for k in pairs(t) do break end end\n\
                local f = io.open('/out', 'w+')\n\
                for i = 1, 5000 do f:write('a line of a file of settings', '\\n') end\n\
                f:seek('set', 2) f:write('LINE') f:seek('end', 2) f:write('end')";
    let failed = run_in(text, &[], |root| {
        let out = String::from_utf8(root.read("/out").unwrap()).unwrap();
        let want = "a line of a file of settings\n"
            .repeat(5000)
            .replacen("line", "LINE", 1);
        assert_eq!(out, want + "\0\0end");
    });
    assert_eq!(failed, None);
}

/// The seed of an interpreter, and so the places of keys, are of its own.
#[test]
fn what_is_left_is_the_same_each_time() {
    let text = "local t, u = {}, {} for i = 1, 3000 do t['k' .. i] = i end\n\
                for j = 1, 4 do for k in pairs(t) do u[k] = j end end\n\
                u = {} for i = 1, 3000 do u[i] = 'k' .. i end table.sort(u)";
    let states = [(); 6].map(|()| bounds::state().unwrap());
    let lefts = states.each_ref().map(|(lua, charge)| {
        lua.load(text).exec().unwrap();
        (0..)
            .take_while(|_| charge.call::<()>(1000).is_ok())
            .count()
    });
    assert!(lefts.iter().all(|left| *left == lefts[0]), "{lefts:?}");
}

#[test]
fn what_is_not_here_leaves_nothing() {
    for (text, want) in [
        ("('%p'):format({})", "not here: string.format: '%p'"),
        ("('').pack('z', 'a')", "not here: string.pack"),
        ("local s = '' s.dump(print)", "not here: string.dump"),
        ("string.char(1, 0)", "not here: char: a byte of zero"),
        ("utf8.char(0)", "not here: char: a byte of zero"),
        ("('%c'):format(0)", "not here: format: a byte of zero"),
        (
            "local f = io.open('/a', 'w+') f:seek('set', 9) f:write('x') f:seek('set') f:read('l')",
            "not here: file:read: a byte of zero",
        ),
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
