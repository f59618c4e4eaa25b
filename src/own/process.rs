//! A module's process: started without the user's environment, limited, and ended with all of its
//! children.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// The longest line of a module, in bytes: a file's content is one, and may be escaped.
const LONGEST_LINE: u64 = 256 << 20;
/// The most that a module may print, in bytes.
const MOST_OUTPUT: u64 = 16 << 20;
/// The longest line that is shown of what a module prints, in bytes.
const LONGEST_SHOWN: u64 = 4096;
/// The most memory that a module's process may have, in bytes.
#[cfg(target_os = "linux")]
const MOST_MEMORY: u64 = 4 << 30;
/// How often it is looked whether a module that says nothing has ended.
const TIME_TO_LOOK: Duration = Duration::from_millis(50);
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
    running
}

fn end_group(group: i32) {
    if let Some(group) = Pid::from_raw(group) {
        // It may be gone already, which is as good.
        kill_process_group(group, Signal::KILL).ok();
    }
}

/// Keeps a process from taking all of the machine's memory.
fn limit_memory(process: i32) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Resource, Rlimit, prlimit};
        let limit = Rlimit {
            current: Some(MOST_MEMORY),
            maximum: Some(MOST_MEMORY),
        };
        // Without the limit the module runs as well; the machine is then what limits it.
        prlimit(Pid::from_raw(process), Resource::Data, limit).ok();
    }
    #[cfg(not(target_os = "linux"))]
    let _ = process;
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
pub(super) struct Process {
    child: Child,
    group: i32,
    /// Lines for its standard input, which is closed when this is dropped.
    replies: Option<Sender<Vec<u8>>>,
    events: Receiver<Event>,
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
        let mut child = command.spawn()?;
        // OK to expect: process ids are positive numbers of the kernel's `pid_t`.
        let group = i32::try_from(child.id()).expect("a process id");
        running.insert(group);
        drop(running);
        limit_memory(group);
        let (replies, lines) = channel::<Vec<u8>>();
        if let Some(mut stdin) = child.stdin.take() {
            // A module that does not read holds up this thread alone, until it is ended.
            thread::spawn(move || lines.iter().try_for_each(|line| stdin.write_all(&line)));
        }
        let (sender, events) = sync_channel(64);
        if let Some(stdout) = child.stdout.take() {
            let sender = sender.clone();
            thread::spawn(move || forward_lines(stdout, &sender));
        }
        if let Some(stderr) = child.stderr.take() {
            thread::spawn(move || forward_output(stderr, &sender));
        }
        Ok(Self {
            child,
            group,
            replies: Some(replies),
            events,
            deadline: Instant::now() + limit,
        })
    }

    /// Writes a line to its standard input, as soon as it reads.
    pub(super) fn send(&mut self, line: Vec<u8>) {
        if let Some(replies) = &self.replies {
            // A module that closed its input tells soon how it ended.
            drop(replies.send(line));
        }
    }

    /// Waits for what it does next; nothing when its time is over.
    ///
    /// When it has ended, its children may still keep its outputs open: that counts as closed.
    pub(super) fn next(&mut self) -> io::Result<Option<Event>> {
        while Instant::now() < self.deadline {
            // Asked first: what it said before it ended is in the pipe then.
            let has_ended = self.has_ended()?;
            match self.events.recv_timeout(TIME_TO_LOOK) {
                Ok(event) => return Ok(Some(event)),
                Err(RecvTimeoutError::Disconnected) => return Ok(Some(Event::Closed)),
                Err(RecvTimeoutError::Timeout) if has_ended => return Ok(Some(Event::Closed)),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        Ok(None)
    }

    /// Lets the process end by itself, within some seconds, then ends what is left of its group.
    /// Returns its status, and what it still printed.
    pub(super) fn finish(mut self) -> io::Result<(ExitStatus, Vec<String>)> {
        self.replies = None;
        self.deadline = Instant::now() + TIME_TO_END;
        let mut printed = Vec::new();
        while !self.has_ended()? && Instant::now() < self.deadline {
            if let Ok(Event::Printed(line)) = self.events.recv_timeout(Duration::from_millis(5)) {
                printed.push(line);
            }
        }
        end_group(self.group);
        let status = self.child.wait()?;
        // What is still in the pipes; whoever keeps them open has left the group.
        while let Ok(event) = self.events.recv_timeout(Duration::from_millis(100)) {
            if let Event::Printed(line) = event {
                printed.push(line);
            }
        }
        Ok((status, printed))
    }

    /// Returns whether the process has ended; its number stays taken until it is waited for.
    fn has_ended(&self) -> io::Result<bool> {
        let Some(pid) = Pid::from_raw(self.group) else {
            return Ok(true);
        };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(pid), options)?.is_some())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut running = running();
        // After `finish` the process is no more, and its number may be another's.
        if running.remove(&self.group) && !matches!(self.child.try_wait(), Ok(Some(_))) {
            end_group(self.group);
            // Nothing is left to do when this fails.
            drop(self.child.wait());
        }
    }
}

/// Sends the lines of standard output on.
fn forward_lines(stdout: impl Read, events: &SyncSender<Event>) {
    let mut stdout = BufReader::with_capacity(1 << 16, stdout);
    loop {
        let mut line = Vec::new();
        let read = (&mut stdout)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line);
        let event = match read {
            Ok(0) | Err(_) => Event::Closed,
            Ok(_) if line.len() as u64 == LONGEST_LINE => Event::TooMuch(format!(
                "it wrote a line of more than {LONGEST_LINE} bytes to standard output"
            )),
            Ok(_) => Event::Line(line),
        };
        let is_last = !matches!(event, Event::Line(_));
        // Nobody listens any more: the module is being ended.
        if events.send(event).is_err() || is_last {
            return;
        }
    }
}

/// Sends on what is printed on standard error, line by line.
fn forward_output(stderr: impl Read, events: &SyncSender<Event>) {
    let mut stderr = BufReader::new(stderr.take(MOST_OUTPUT + 1));
    let mut printed = 0;
    loop {
        let mut line = Vec::new();
        let read = (&mut stderr)
            .take(LONGEST_SHOWN)
            .read_until(b'\n', &mut line);
        printed += line.len() as u64;
        let event = match read {
            Ok(0) | Err(_) => return,
            Ok(_) if printed > MOST_OUTPUT => {
                Event::TooMuch(format!("it printed more than {MOST_OUTPUT} bytes"))
            }
            Ok(_) => Event::Printed(String::from_utf8_lossy(&line).trim_end().to_owned()),
        };
        let is_last = matches!(event, Event::TooMuch(_));
        if events.send(event).is_err() || is_last {
            return;
        }
    }
}
