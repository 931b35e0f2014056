//! How far a long run is, on standard error: a line that is written over on a terminal, else a line every few seconds.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

/// How often something is said where nobody can write over it.
const PAUSE: Duration = Duration::from_secs(5);

/// How far a run is.
#[derive(Debug)]
pub(super) struct Progress {
    all: usize,
    begun: usize,
    is_terminal: bool,
    said: Instant,
}

impl Progress {
    pub(super) fn new(all: usize) -> Self {
        Self {
            all,
            begun: 0,
            is_terminal: io::stderr().is_terminal() && io::stdout().is_terminal(),
            said: Instant::now(),
        }
    }

    /// A case begins. Nobody is left to read it if writing fails.
    pub(super) fn begin(&mut self, id: &str) {
        self.begun += 1;
        let mut stderr = io::stderr().lock();
        if self.is_terminal {
            let _ = write!(stderr, "\r\x1b[K{}/{} {id}", self.begun, self.all);
            let _ = stderr.flush();
        } else if self.said.elapsed() >= PAUSE {
            let _ = writeln!(stderr, "{}/{} {id}", self.begun, self.all);
            self.said = Instant::now();
        }
    }

    /// The line is needed for something else.
    pub(super) fn clear(&self) {
        if self.is_terminal {
            let mut stderr = io::stderr().lock();
            let _ = write!(stderr, "\r\x1b[K");
            let _ = stderr.flush();
        }
    }
}
