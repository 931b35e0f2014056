//! A server in a process of its own, that can be killed.

use std::{
    cell::RefCell,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use super::ECHO;
use crate::{host::Host, programs::programs};

#[derive(Debug)]
pub(super) struct Server {
    child: RefCell<Child>,
    address: SocketAddr,
}

impl Server {
    /// `rinban serve`.
    pub(super) fn core(host: &Host) -> Self {
        let mut command = Command::new(&programs().rinban);
        command.arg("serve").arg("--config").arg(host.config_path());
        Self::start(command.env("RINBAN_LOG", "warn"))
    }

    /// This program as the reference.
    pub(super) fn echo() -> Self {
        let this = std::env::current_exe().expect("this program's path");
        Self::start(Command::new(this).arg(ECHO))
    }

    /// It prints a line that ends in its address when it is ready.
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe"))
            .read_line(&mut line)
            .expect("a line");
        let address = line.trim().rsplit('/').next().unwrap_or_default();
        let address = address
            .parse()
            .unwrap_or_else(|_| panic!("no address in {line:?}"));
        Self {
            child: RefCell::new(child),
            address,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// kill -9.
    pub(super) fn kill(&self) {
        let mut child = self.child.borrow_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
