//! A module's process: started without the user's environment, limited, and ended with all of its
//! children.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Read, Write as _};
use std::iter;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
#[cfg(target_os = "linux")]
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use super::stray;
use crate::shown::one_line;

/// The longest line of a module, in bytes: a file's content is one, and may be escaped.
const LONGEST_LINE: usize = 256 << 20;
/// The most that a module may print, in bytes.
pub(super) const MOST_OUTPUT: u64 = 16 << 20;
/// The longest line that is shown of what a module prints, in bytes.
const LONGEST_SHOWN: usize = 4096;
/// The most memory that a module's process may have, in bytes.
#[cfg(target_os = "linux")]
const MOST_MEMORY: u64 = 4 << 30;
/// How many bytes of replies a module may leave unread and still get more.
const MOST_UNREAD: usize = 1 << 20;
/// How often it is looked whether a module that says nothing has ended.
const TIME_TO_LOOK: Duration = Duration::from_millis(50);
/// How long a module that went past a limit may take to say where it is.
const TIME_TO_SAY: Duration = Duration::from_secs(2);
/// How long a module that is done may take to end.
const TIME_TO_END: Duration = Duration::from_secs(5);

/// The process groups that are running: what [`end_all`] ends.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

fn running() -> MutexGuard<'static, BTreeSet<i32>> {
    // The set is right whatever happened to a thread that held it.
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends all processes of modules. As long as the guard lives, none is started.
pub(crate) fn end_all() -> impl Sized {
    let running = running();
    for group in running.iter() {
        end_group(*group);
    }
    stray::end_all();
    running
}

fn end_group(group: i32) {
    if let Some(group) = Pid::from_raw(group) {
        // It may be gone already, which is as good.
        kill_process_group(group, Signal::KILL).ok();
    }
}

/// Keeps a process from taking all of the machine's memory, and one that may run for `time` from
/// computing for ever: nobody is left to end it once this process is killed.
fn limit_resources(process: i32, time: Duration) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, prlimit};
        let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        // All cores can be busy until its time is over, and while it is asked where it is.
        // Linux counts nanoseconds in 64 bits, and does not look whether they fit.
        let time = time.as_secs().saturating_add(10).saturating_mul(cores);
        let seconds = time.min(u32::MAX.into());
        let limits = [(Resource::Data, MOST_MEMORY), (Resource::Cpu, seconds)];
        for (resource, most) in limits {
            let limit = Rlimit {
                current: Some(most),
                maximum: Some(most),
            };
            // Without the limit the module runs as well; the machine is then what limits it.
            prlimit(Pid::from_raw(process), resource, limit).ok();
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (process, time);
}

/// What a process does.
pub(super) enum Event {
    /// It wrote a line to standard output.
    Line(Vec<u8>),
    /// It printed a line on standard error.
    Printed(String),
    /// It closed its standard output.
    Closed,
    /// It wrote more than it may; this is what.
    TooMuch(String),
}

/// A running module. Dropped, it is ended, with all that it started.
///
/// One thread waits for its three pipes: a request and its reply wake each side once.
pub(super) struct Process {
    child: Child,
    group: i32,
    /// Its standard input, and what is still to be written there.
    stdin: Option<ChildStdin>,
    replies: VecDeque<u8>,
    stdout: Lines<ChildStdout>,
    stderr: Lines<ChildStderr>,
    /// How much it printed, in bytes.
    printed: u64,
    deadline: Instant,
}

impl Process {
    /// Starts a process that may run for `limit`.
    pub(super) fn start(command: &mut Command, limit: Duration) -> io::Result<Self> {
        command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = running();
        stray::adopt();
        let mut child = command.spawn()?;
        // OK to expect: process ids are positive numbers of the kernel's `pid_t`.
        let group = i32::try_from(child.id()).expect("a process id");
        running.insert(group);
        drop(running);
        limit_resources(group, limit);
        let (stdin, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let process = Self {
            child,
            group,
            stdin,
            replies: VecDeque::new(),
            stdout: Lines::new(stdout),
            stderr: Lines::new(stderr),
            printed: 0,
            // A limit beyond all clocks is none that counts.
            deadline: later(limit),
        };
        if let Some(stdin) = &process.stdin {
            // A module that does not read must not hold up the build.
            ioctl_fionbio(stdin, true)?;
        }
        Ok(process)
    }

    /// Writes a line to its standard input, as soon as it reads.
    pub(super) fn send(&mut self, line: Vec<u8>) {
        self.replies.extend(line);
        self.write();
    }

    /// Waits for what it does next; nothing when its time is over.
    ///
    /// When it has ended, its children may still keep its outputs open: that counts as closed.
    pub(super) fn next(&mut self) -> io::Result<Option<Event>> {
        while Instant::now() < self.deadline {
            if let Some(event) = self.event() {
                return Ok(Some(event));
            }
            // Asked first: what it said before it ended is in the pipe then.
            let has_ended = self.has_ended()?;
            if !self.wait(self.deadline.min(later(TIME_TO_LOOK))) && has_ended {
                return Ok(Some(Event::Closed));
            }
        }
        Ok(None)
    }

    /// Sends the signal that asks a module to say where it is, and gives it a moment for that.
    pub(super) fn ask_where(&mut self) {
        if let Some(pid) = Pid::from_raw(self.group) {
            // It may be gone; then it says nothing.
            kill_process(pid, Signal::XCPU).ok();
        }
        self.deadline = later(TIME_TO_SAY);
    }

    /// Lets the process end by itself, within some seconds, then ends what is left of its group.
    /// Returns its status, if it did so, and what it still printed.
    pub(super) fn finish(mut self) -> io::Result<(Option<ExitStatus>, Vec<String>)> {
        self.stdin = None;
        let mut printed = Vec::new();
        let deadline = later(TIME_TO_END);
        while !self.has_ended()? && Instant::now() < deadline {
            self.wait(later(Duration::from_millis(5)));
            printed.extend(iter::from_fn(|| self.last_line()));
        }
        let has_ended = self.has_ended()?;
        end_group(self.group);
        // From here on its number may be another's.
        running().remove(&self.group);
        let status = self.child.wait()?;
        stray::end_all();
        // What is still in the pipe; whoever keeps it open has left the group.
        let deadline = later(Duration::from_millis(100));
        while self.stderr.from.is_some() && Instant::now() < deadline {
            self.stdout.from = None;
            self.wait(deadline);
            printed.extend(iter::from_fn(|| self.last_line()));
        }
        Ok((has_ended.then_some(status), printed))
    }

    /// Returns whether what it wrote last to standard output has no line end yet.
    pub(super) fn has_unended_line(&self) -> bool {
        self.stdout.begin < self.stdout.bytes.len()
    }

    /// Returns whether the process has ended; its number stays taken until it is waited for.
    fn has_ended(&self) -> io::Result<bool> {
        let Some(pid) = Pid::from_raw(self.group) else {
            return Ok(true);
        };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(pid), options)?.is_some())
    }

    /// Returns what it did before now, what it printed first.
    fn event(&mut self) -> Option<Event> {
        if let Some(line) = self.stderr.next(LONGEST_SHOWN) {
            self.printed += line.len() as u64;
            if self.printed > MOST_OUTPUT {
                let message = format!("it printed more than {MOST_OUTPUT} bytes");
                return Some(Event::TooMuch(message));
            }
            return Some(Event::Printed(shown(&line)));
        }
        if self.is_behind() {
            return None;
        }
        match self.stdout.next(LONGEST_LINE) {
            Some(line) if line.len() == LONGEST_LINE => Some(Event::TooMuch(format!(
                "it wrote a line of more than {LONGEST_LINE} bytes to standard output"
            ))),
            Some(line) => Some(Event::Line(line)),
            None => self.stdout.from.is_none().then_some(Event::Closed),
        }
    }

    /// Returns whether it has so many replies to read that it must not ask for more.
    fn is_behind(&self) -> bool {
        self.stdin.is_some() && self.replies.len() > MOST_UNREAD
    }

    /// Returns a line that it printed at its end, unless it printed too much.
    fn last_line(&mut self) -> Option<String> {
        let line = self.stderr.next(LONGEST_SHOWN)?;
        self.printed += line.len() as u64;
        (self.printed <= MOST_OUTPUT).then(|| shown(&line))
    }

    /// Waits until one of the pipes is ready, and serves those that are; or until the deadline.
    fn wait(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        let output = (!self.replies.is_empty())
            .then_some(self.stdin.as_ref())
            .flatten();
        let mut pipes = Vec::with_capacity(3);
        pipes.extend(output.map(|pipe| PollFd::new(pipe, PollFlags::OUT)));
        let asks = self.stdout.from.as_ref().filter(|_| !self.is_behind());
        pipes.extend(asks.map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        pipes.extend(
            self.stderr
                .from
                .as_ref()
                .map(|pipe| PollFd::new(pipe, PollFlags::IN)),
        );
        let is_any = match poll(&mut pipes, Some(&left)) {
            Ok(ready) => ready > 0,
            // A signal; whoever waits looks again.
            Err(_) => return true,
        };
        let ready = pipes.iter().map(|pipe| !pipe.revents().is_empty());
        let mut ready = ready.collect::<Vec<_>>().into_iter();
        let mut is_ready = |is_open: bool| is_open && ready.next() == Some(true);
        let (output, stdout, stderr) = (
            is_ready(output.is_some()),
            is_ready(asks.is_some()),
            is_ready(self.stderr.from.is_some()),
        );
        if output {
            self.write();
        }
        if stdout {
            self.stdout.read();
        }
        if stderr {
            self.stderr.read();
        }
        is_any
    }

    /// Writes as much as the pipe takes.
    fn write(&mut self) {
        while !self.replies.is_empty()
            && let Some(stdin) = &mut self.stdin
        {
            match stdin.write(self.replies.as_slices().0) {
                Ok(written) => drop(self.replies.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A module that closed its input tells soon how it ended.
                Err(_) => self.stdin = None,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut running = running();
        if running.remove(&self.group) {
            // Its children, too, when it has ended by itself.
            end_group(self.group);
            // Nothing is left to do when this fails.
            drop(self.child.wait());
            stray::end_all();
        }
    }
}

/// A pipe that is read line by line.
struct Lines<R> {
    /// Nothing once it has ended.
    from: Option<R>,
    /// What was read of it.
    bytes: Vec<u8>,
    /// Where in `bytes` the next line begins, and up to where there is no end of it.
    begin: usize,
    searched: usize,
}

impl<R: Read> Lines<R> {
    fn new(from: Option<R>) -> Self {
        Self {
            from,
            bytes: Vec::new(),
            begin: 0,
            searched: 0,
        }
    }

    /// Reads what is there, once.
    fn read(&mut self) {
        const AT_ONCE: usize = 1 << 16;
        self.bytes.drain(..self.begin);
        self.searched -= self.begin;
        self.begin = 0;
        let Some(from) = &mut self.from else { return };
        let before = self.bytes.len();
        self.bytes.resize(before + AT_ONCE, 0);
        let read = from.read(&mut self.bytes[before..]);
        self.bytes
            .truncate(before + read.as_ref().map_or(0, |read| *read));
        match read {
            Ok(0) => self.from = None,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => self.from = None,
            _ => {}
        }
    }

    /// Returns the next line that was read, with its end; of a longer one, `longest` bytes.
    fn next(&mut self, longest: usize) -> Option<Vec<u8>> {
        let rest = &self.bytes[self.searched..];
        let end = match rest.iter().position(|byte| *byte == b'\n') {
            Some(place) => self.searched + place + 1,
            None => self.bytes.len(),
        };
        let is_line = end > self.searched && self.bytes[end - 1] == b'\n';
        self.searched = end;
        let end = end.min(self.begin + longest);
        let is_last = self.from.is_none() && end > self.begin;
        if !is_line && !is_last && end - self.begin < longest {
            return None;
        }
        let line = self.bytes[self.begin..end].to_vec();
        self.begin = end;
        self.searched = end;
        Some(line)
    }
}

/// Returns the time after a while; a while beyond all clocks ends in a century.
pub(super) fn later(wait: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
    Instant::now() + wait.min(CENTURY)
}

fn shown(line: &[u8]) -> String {
    one_line(String::from_utf8_lossy(line).trim_end(), usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_read_gets_no_more_answers() {
        for (unread, is_heard) in [(MOST_UNREAD, true), (MOST_UNREAD + (1 << 20), false)] {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", "echo request; sleep 60"]);
            let mut process = Process::start(&mut command, Duration::from_secs(5)).unwrap();
            process.send(vec![b' '; unread]);
            let line = matches!(process.next().unwrap(), Some(Event::Line(_)));
            assert_eq!(line, is_heard, "{unread} bytes");
        }
    }
}
