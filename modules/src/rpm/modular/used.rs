//! Which streams of modules a system uses, and which of their builds, as libdnf finds them.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Build, Context, Need, PLATFORM, Stream, Streams};

/// How long a chain of modules may be each of which needs the next.
const DEEPEST: usize = 64;

/// How many streams are tried at most for one that is wanted; all of RHEL 8 takes some hundred.
const MOST: usize = 1_000;

/// How much is looked at in all, in streams that needs name; all of RHEL 8 takes some ten thousand.
const STEPS: usize = 2_000_000;

/// The stream of each module that is used, and the context of its builds; the platform has none.
pub(super) type Used<'s> = BTreeMap<&'s str, (&'s str, Option<&'s Context>)>;

impl Streams {
    /// Returns what is used: the streams that were chosen come first, then those that are usual, in
    /// the order of the modules' names, and each with what it needs.
    pub(super) fn used(&self) -> Used<'_> {
        let chosen = self.choices.iter();
        let chosen = chosen.filter_map(|(name, stream)| Some((&**name, stream.as_deref()?)));
        let usual = self.defaults.iter();
        let usual = usual.filter(|(name, _)| !self.choices.contains_key(*name));
        let usual = usual.filter_map(|(name, usual)| Some((&**name, usual.stream.as_deref()?)));
        let wanted: Vec<_> = chosen.chain(usual).collect();
        let platform = self.platform.as_deref();
        let mut search = Search {
            streams: self,
            wanted: wanted.iter().copied().collect(),
            used: platform
                .map(|id| (PLATFORM, (id, None)))
                .into_iter()
                .collect(),
            trail: Vec::new(),
            left: 0,
            steps: STEPS,
        };
        for (name, stream) in wanted {
            search.left = MOST;
            search.take(name, stream, DEEPEST);
        }
        search.used
    }
}

/// The search for streams that can be used together.
struct Search<'s> {
    streams: &'s Streams,
    wanted: BTreeMap<&'s str, &'s str>,
    used: Used<'s>,
    /// The modules in use, in the order in which they were found.
    trail: Vec<&'s str>,
    /// How many streams may still be tried for the one that is wanted.
    left: usize,
    /// How much may still be looked at.
    steps: usize,
}

impl<'s> Search<'s> {
    /// Uses a stream, if builds of one context have what they need.
    fn take(&mut self, name: &'s str, stream: &'s str, depth: usize) -> bool {
        if let Some((used, _)) = self.used.get(name) {
            return *used == stream;
        }
        let choice = self.streams.choices.get(name);
        let is_other = choice.is_some_and(|choice| choice.as_deref() != Some(stream));
        let streams = self.streams.modules.get(name);
        let contexts = streams.and_then(|streams| streams.get(stream));
        let Some(contexts) = contexts.filter(|_| !is_other && depth > 0 && self.left > 0) else {
            return false;
        };
        self.left -= 1;
        let builds = contexts.values().flatten();
        let needs = builds.flat_map(|build| [0].into_iter().chain(build.needs.iter().map(size)));
        if !self.spend(needs.map(|size| size + 1).sum()) {
            return false;
        }
        let start = self.trail.len();
        for (context, build) in self.newest(contexts) {
            self.trail.push(name);
            self.used.insert(name, (stream, Some(context)));
            if build.needs.iter().all(|need| self.meet(need, depth - 1)) {
                return true;
            }
            for name in self.trail.drain(start..) {
                self.used.remove(name);
            }
        }
        false
    }

    /// Counts what is looked at; returns whether there may be so much.
    fn spend(&mut self, steps: usize) -> bool {
        let left = self.steps.checked_sub(steps);
        self.steps = left.unwrap_or(0);
        left.is_some()
    }

    /// Returns the newest builds of each context, those first that are not at odds with what is
    /// wanted: older ones do not count, even where a newest one lacks something.
    fn newest(&self, contexts: &'s Stream) -> Vec<(&'s Context, &'s Build)> {
        let mut found = Vec::new();
        for (context, builds) in contexts {
            let newest = builds.iter().map(|build| build.version).max();
            let newest = builds.iter().filter(|build| Some(build.version) == newest);
            found.extend(newest.map(|build| (context, build)));
        }
        let is_fitting = |need: &Need| {
            let wanted = self.wanted.get(&*need.0).copied();
            let used = self.used.get(&*need.0).map(|(stream, _)| *stream);
            used.or(wanted).is_none_or(|stream| fits(&need.1, stream))
        };
        found.sort_by_key(|(_, build)| Reverse(build.needs.iter().all(is_fitting)));
        found
    }

    /// Uses a stream that will do, if there is one. A system that does not say what it is will do.
    fn meet(&mut self, (name, allowed): &'s Need, depth: usize) -> bool {
        if let Some((stream, _)) = self.used.get(&**name) {
            return fits(allowed, stream);
        }
        let streams = self.streams.modules.get(name);
        if !self.spend(streams.map_or(0, BTreeMap::len) * (1 + allowed.len())) {
            return false;
        }
        let streams = streams.into_iter().flatten();
        let streams = streams.map(|(stream, _)| &**stream);
        let mut streams: Vec<_> = streams.filter(|stream| fits(allowed, stream)).collect();
        streams.sort_by_key(|stream| self.wanted.get(&**name) != Some(stream));
        let mut streams = streams.into_iter();
        name == PLATFORM || streams.any(|stream| self.take(name, stream, depth))
    }
}

fn size((_, allowed): &Need) -> usize {
    allowed.len()
}

fn fits(allowed: &[String], stream: &str) -> bool {
    let is_refused = |one: &String| one.strip_prefix('-') == Some(stream);
    let mut named = allowed
        .iter()
        .filter(|one| !one.starts_with('-'))
        .peekable();
    !allowed.iter().any(is_refused) && (named.peek().is_none() || named.any(|one| one == stream))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds as `module:stream` with what they need, those of default streams with a `!`.
    fn streams(builds: &str) -> Streams {
        let mut list = String::new();
        let parts = |text: &str| {
            let (name, stream) = text.split_once(':').unwrap();
            (name.to_owned(), stream.to_owned())
        };
        for build in builds.split(", ") {
            let mut words = build.split(' ');
            let name = words.next().unwrap();
            let (module, stream) = parts(name.trim_end_matches('!'));
            let needs = words
                .map(parts)
                .map(|(name, streams)| format!("{name}: [{streams}]"));
            let needs = needs.collect::<Vec<_>>().join(", ");
            list += &format!(
                "---\ndocument: modulemd\ndata: {{name: {module}, stream: '{stream}', \
                 dependencies: [{{requires: {{{needs}}}}}]}}\n"
            );
            if name.ends_with('!') {
                let data = format!("{{module: {module}, stream: '{stream}'}}");
                list += &format!("---\ndocument: modulemd-defaults\ndata: {data}\n");
            }
        }
        let mut streams = Streams::default();
        streams.read(&list).unwrap();
        streams
    }

    #[test]
    fn streams_that_fit_together_are_used() {
        // Each was compared with what dnf calls active.
        for (builds, chosen, want) in [
            ("m:1! o:2, o:1!, o:2", "", "m:1 o:2"),
            ("z:1! o:2, o:1!, o:2", "", "o:1"),
            ("m:1! o:2, o:1, o:2", "o:1", "o:1"),
            ("m:1! o:2, o:1, o:2", "o:", ""),
            ("m:1! o:9, o:1!", "", "o:1"),
            ("m:1! o:1, o:1 p:1, p:1 q:9", "", ""),
            ("m:1! o:1, o:1 m:1", "", "m:1 o:1"),
            ("m:1! o:, o:1, o:2!", "", "m:1 o:2"),
            ("m:1! o:, o:2, o:1", "", "m:1 o:1"),
            ("m:1! o:-1, o:1!, o:2", "", "m:1 o:2"),
            ("a:1! o:2, z:1 o:1, o:1, o:2", "z:1", "o:1 z:1"),
            // A stream that was built for several of another.
            ("m:1! o:1, m:1 o:2, o:1, o:2!", "", "m:1 o:2"),
            ("m:1! o:2, m:1 o:1, o:1, o:2", "", "m:1 o:1"),
            ("m:1! o:1, m:1 o:2, o:1 q:9, o:2", "", "m:1 o:2"),
            ("m:1! a:1, m:1 b:1, a:1, b:1!", "", "a:1 b:1 m:1"),
            ("m:1! platform:el8", "", "m:1"),
            ("m:1! platform:el9, o:1!", "", "o:1"),
        ] {
            let mut streams = streams(builds);
            streams.platform("platform:el8");
            if let Some((name, stream)) = chosen.split_once(':') {
                let stream = Some(stream.to_owned()).filter(|stream| !stream.is_empty());
                streams.choices.insert(name.to_owned(), stream);
            }
            let used = streams.used().into_iter();
            let used = used.filter(|(name, _)| *name != PLATFORM);
            let used: Vec<_> = used
                .map(|(name, (stream, _))| format!("{name}:{stream}"))
                .collect();
            assert_eq!(used.join(" "), want, "{builds} {chosen}");
        }
        let unknown = streams("m:1! platform:el9");
        assert_eq!(unknown.used().len(), 1);
    }

    /// Each of them looks at all builds of one stream, and nothing is left for the last.
    #[test]
    fn many_that_need_many_end() {
        let builds = (0..1_000).map(|at| format!("x:1 q{at}:1"));
        let modules = (0..1_000).map(|at| format!("m{at}:1! x:1"));
        let all: Vec<_> = builds.chain(modules).chain(["z:1!".to_owned()]).collect();
        assert!(streams(&all.join(", ")).used().is_empty());
    }

    #[test]
    fn long_chains_end() {
        let chain = |last: usize| {
            let links = (0..last).flat_map(|at| {
                let next = at + 1;
                [
                    format!("m{at}:1 m{next}:1"),
                    format!("m{at}:1 m{next}:1 n:"),
                ]
            });
            let links: Vec<_> = links.collect();
            format!("a:1! m0:1, n:1, z:1!, {}", links.join(", "))
        };
        for last in [30, 500] {
            let streams = streams(&chain(last));
            let used: Vec<_> = streams.used().into_keys().collect();
            assert_eq!(used, ["z"]);
        }
    }
}
