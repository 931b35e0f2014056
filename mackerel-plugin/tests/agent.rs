//! mackerel-agent as far as a plugin sees it: how it starts a check, an action or a metric plugin, what it waits for, and
//! what it makes of a run that takes too long. As the agent of 2026-08 was measured to behave; in the tests the ten seconds
//! between its SIGTERM and its SIGKILL are fewer.

use std::{
    io::Read,
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

/// The agent's limit, and what it leaves a run for ending after SIGTERM.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) timeout: Duration,
    pub(crate) until_kill: Duration,
}

/// As the agent has them, unless its configuration says otherwise.
pub(crate) const USUAL: Limit = Limit {
    timeout: Duration::from_secs(30),
    until_kill: Duration::from_secs(10),
};

/// After SIGKILL nothing of the group holds the streams; the agent would wait for what does for ever.
const HANGS: Duration = Duration::from_secs(10);

/// A run, when the agent goes on after it.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit status; none of a process that a signal has ended.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Until the process had ended and both streams were at their end.
    pub(crate) took: Duration,
    /// How often SIGTERM was sent.
    pub(crate) terminated: u32,
    pub(crate) killed: bool,
}

/// What the agent reports of a check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) status: &'static str,
    /// The first 1,024 characters.
    pub(crate) message: String,
}

impl Ran {
    /// The three that an action is quiet with.
    pub(crate) fn ended(self) -> (Option<i32>, String, String) {
        (self.code, self.stdout, self.stderr)
    }

    /// What is posted: a run that did not end by itself says nothing but that.
    pub(crate) fn report(&self) -> Report {
        let by_itself = self.terminated == 0 || self.code.is_some();
        let status = match self.code {
            Some(0) => "OK",
            Some(1) => "WARNING",
            Some(2) => "CRITICAL",
            _ => "UNKNOWN",
        };
        let message = match by_itself {
            true => self.stdout.chars().take(1_024).collect(),
            false => "command timed out".to_owned(),
        };
        Report { status, message }
    }
}

/// Makes a command the agent's: a process group of its own, nothing on standard input, streams that are captured.
pub(crate) fn by_the_agent(command: &mut Command) -> &mut Command {
    command
        .process_group(0)
        .env("LANG", "C")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
}

/// Runs a command to the end of its streams, as the agent does, which therefore hangs on whoever holds them.
pub(crate) fn run_within(command: &mut Command, limit: Limit) -> Ran {
    let begin = Instant::now();
    let child = by_the_agent(command).spawn().expect("a program that runs");
    watch(child, begin, limit)
}

fn watch(mut child: Child, begin: Instant, limit: Limit) -> Ran {
    let group = Pid::from_raw(child.id().try_into().expect("a process id"));
    let stdout = capture(child.stdout.take().expect("is captured"));
    let stderr = capture(child.stderr.take().expect("is captured"));
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || {
        let status = child.wait().expect("a child of ours");
        let texts = [stdout, stderr].map(|stream| stream.recv().expect("is read"));
        // Nobody waits any more if the test has failed.
        let _ = sender.send((status, texts));
    });
    let (mut terminated, mut killed) = (0, false);
    let kill_at = begin + limit.timeout + limit.until_kill;
    let mut terminate_at = begin + limit.timeout;
    let (status, [stdout, stderr]) = loop {
        let until = match killed {
            true => kill_at + HANGS,
            false => terminate_at.min(kill_at),
        };
        let left = until.saturating_duration_since(Instant::now());
        if let Ok(end) = ended.recv_timeout(left) {
            break end;
        }
        assert!(!killed, "somebody else holds the streams: the agent hangs");
        // The group's first process may have ended while another one holds the streams; the signal is for that one.
        if until == kill_at {
            let _ = killpg(group, Signal::SIGKILL);
            killed = true;
        } else {
            let _ = killpg(group, Signal::SIGTERM).and_then(|()| killpg(group, Signal::SIGCONT));
            terminated += 1;
            terminate_at += limit.timeout;
        }
    };
    Ran {
        code: code(status),
        stdout,
        stderr,
        took: begin.elapsed(),
        terminated,
        killed,
    }
}

fn code(status: ExitStatus) -> Option<i32> {
    assert!(status.code().is_some() || status.signal().is_some());
    status.code()
}

fn capture(mut stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, text) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("a pipe that is read");
        let _ = sender.send(String::from_utf8(bytes).expect("UTF-8, whatever the locale"));
    });
    text
}
