//! Telling the service manager how the core is, by the protocol of sd_notify(3): one datagram of `KEY=value` lines.
//!
//! Without `NOTIFY_SOCKET` nothing happens. The variables cannot be taken out of our own environment without `unsafe`; the
//! core starts no programs, and a plugin that starts a core takes them out there (`handoff::start`), since they are the
//! monitor's.

use std::{
    env,
    ffi::{OsStr, OsString},
    future::Future,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    time::Duration,
};

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::engine::desk::Load;

/// How often the status is told where no watchdog asks for more.
const STATUS_EVERY: Duration = Duration::from_secs(10);

/// How long a service manager that does not read may hold us up.
const PATIENCE: Duration = Duration::from_secs(1);

/// The service manager that started us, if one did.
#[derive(Debug, Default)]
pub(super) struct ServiceManager {
    socket: Option<SocketAddr>,
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// The one that the environment names.
    pub(super) fn of_environment() -> Self {
        Self::named_by(|name| env::var_os(name))
    }

    fn named_by(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let socket = variable("NOTIFY_SOCKET")
            .filter(|name| !name.is_empty())
            .and_then(|name| match address(&name) {
                Ok(address) => Some(address),
                Err(error) => {
                    tracing::warn!(?name, %error, "NOTIFY_SOCKET cannot be used; the service manager hears nothing");
                    None
                }
            });
        let number = |name| variable(name)?.to_str()?.parse::<u64>().ok();
        let is_ours = variable("WATCHDOG_PID").is_none()
            || number("WATCHDOG_PID") == Some(std::process::id().into());
        let watchdog = number("WATCHDOG_USEC").filter(|micros| *micros > 0 && is_ours);
        Self {
            socket,
            watchdog: watchdog.map(Duration::from_micros),
        }
    }

    /// The core serves and has taken up its state.
    pub(super) fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// The core is ending.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=ending");
    }

    /// Tells how the core is, for ever, at half of the watchdog's time. `ask` is answered by the engine's loop: while that
    /// hangs nothing is told, so that the watchdog ends us.
    pub(super) async fn keep_telling<A>(&self, prefix: &str, ask: impl Fn() -> A)
    where
        A: Future<Output = Option<Load>>,
    {
        if self.socket.is_none() {
            return std::future::pending().await;
        }
        let every = self.watchdog.map_or(STATUS_EVERY, |watchdog| watchdog / 2);
        let mut beat = interval(every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            match timeout(every, ask()).await {
                Ok(Some(load)) => {
                    self.tell(&format!("WATCHDOG=1\nSTATUS={prefix}; {}", says(&load)));
                }
                Ok(None) => {}
                Err(_elapsed) => tracing::error!(
                    waited_secs = every.as_secs_f64(),
                    "the engine does not answer; the watchdog of the service manager hears nothing"
                ),
            }
        }
    }

    fn tell(&self, message: &str) {
        let Some(socket) = &self.socket else {
            return;
        };
        let sent = UnixDatagram::unbound().and_then(|ours| {
            ours.set_write_timeout(Some(PATIENCE))?;
            ours.send_to_addr(message.as_bytes(), socket)
        });
        if let Err(error) = sent {
            tracing::warn!(%error, "the service manager cannot be told how the core is");
        }
    }
}

/// A path, or after `@` a name that stands in no file system.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::other(
            "it is neither a path nor an abstract name",
        )),
    }
}

fn says(load: &Load) -> String {
    format!(
        "alerts open: {}, escalations running: {}, calls live: {}",
        load.open_alerts, load.open_escalations, load.live_calls
    )
}

#[cfg(test)]
mod tests {
    use std::{future::pending, io::ErrorKind};

    use super::*;

    fn manager(socket: &OsStr, watchdog: &[(&str, &str)]) -> ServiceManager {
        ServiceManager::named_by(|name| match name {
            "NOTIFY_SOCKET" => Some(socket.to_owned()),
            _ => watchdog
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.into()),
        })
    }

    /// A socket of our own in the abstract name space, and its name as systemd writes it.
    fn abstract_socket() -> (UnixDatagram, OsString) {
        let name = format!("rinban-test-{:x}", fastrand::u64(..));
        let address = SocketAddr::from_abstract_name(&name).expect("a short name");
        let socket = UnixDatagram::bind_addr(&address).expect("nobody has that name");
        socket.set_nonblocking(true).expect("can be");
        (socket, format!("@{name}").into())
    }

    fn heard(socket: &UnixDatagram) -> Vec<String> {
        let mut all = Vec::new();
        let mut buffer = [0; 512];
        loop {
            match socket.recv(&mut buffer) {
                Ok(len) => all.push(String::from_utf8_lossy(&buffer[..len]).into_owned()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return all,
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn it_is_told_at_a_path_and_at_an_abstract_name() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("notify");
        let at_path = UnixDatagram::bind(&path).expect("binds");
        at_path.set_nonblocking(true).expect("can be");
        let (at_name, name) = abstract_socket();
        for (socket, name) in [(at_path, path.into_os_string()), (at_name, name)] {
            let manager = manager(&name, &[]);
            manager.ready("well");
            manager.stopping();
            assert_eq!(
                heard(&socket),
                ["READY=1\nSTATUS=well", "STOPPING=1\nSTATUS=ending"]
            );
        }
    }

    #[test]
    fn nothing_happens_without_one_and_nothing_breaks_with_a_bad_one() {
        for name in ["", "relative", "@", "/nowhere/notify", "vsock:2:1"] {
            manager(OsStr::new(name), &[]).ready("well");
        }
        ServiceManager::default().ready("well");
    }

    #[test]
    fn the_watchdog_of_another_process_is_not_ours() {
        let ours = std::process::id().to_string();
        for (variables, expected) in [
            (vec![("WATCHDOG_USEC", "20000000")], Some(20)),
            (
                vec![("WATCHDOG_USEC", "20000000"), ("WATCHDOG_PID", &*ours)],
                Some(20),
            ),
            (
                vec![("WATCHDOG_USEC", "20000000"), ("WATCHDOG_PID", "1")],
                None,
            ),
            (vec![("WATCHDOG_USEC", "0")], None),
            (vec![("WATCHDOG_USEC", "soon")], None),
            (vec![], None),
        ] {
            let watchdog = manager(OsStr::new("@x"), &variables).watchdog;
            assert_eq!(watchdog, expected.map(Duration::from_secs), "{variables:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_watchdog_hears_of_an_engine_that_turns_and_of_no_other() {
        let turning = || async {
            Some(Load {
                open_alerts: 3,
                ..Load::default()
            })
        };
        let (socket, name) = abstract_socket();
        let manager = manager(&name, &[("WATCHDOG_USEC", "20000000")]);
        let _ = timeout(
            Duration::from_secs(35),
            manager.keep_telling("here", turning),
        )
        .await;
        let told = heard(&socket);
        assert_eq!(told.len(), 4, "at 0, 10, 20 and 30 s: {told:?}");
        assert_eq!(
            told[0],
            "WATCHDOG=1\nSTATUS=here; alerts open: 3, escalations running: 0, calls live: 0"
        );

        let _ = timeout(
            Duration::from_secs(600),
            manager.keep_telling("here", pending),
        )
        .await;
        let ending = || async { None };
        let _ = timeout(
            Duration::from_secs(600),
            manager.keep_telling("here", ending),
        )
        .await;
        assert_eq!(heard(&socket), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_answer_that_came_late_does_not_end_the_beat() {
        let (socket, name) = abstract_socket();
        let manager = manager(&name, &[("WATCHDOG_USEC", "20000000")]);
        let asked = std::cell::Cell::new(0);
        let late_once = || async {
            asked.set(asked.get() + 1);
            if asked.get() == 1 {
                tokio::time::sleep(Duration::from_secs(15)).await;
            }
            Some(Load::default())
        };
        let _ = timeout(
            Duration::from_secs(35),
            manager.keep_telling("here", late_once),
        )
        .await;
        assert!(!heard(&socket).is_empty());
    }
}
