//! `rinban serve` under a service manager that listens as systemd does (sd_notify(3)): here a socket of our own.

use std::{
    io::ErrorKind,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
    path::Path,
    time::Duration,
};

use rinban::handoff::{Spool, core_lock};

use crate::support::{
    self, PATIENCE,
    carrier::Carrier,
    core::{Home, problem},
};

/// The next message.
fn hear(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 1024];
    let len = socket.recv(&mut buffer).expect("something is told in time");
    String::from_utf8_lossy(&buffer[..len]).into_owned()
}

/// A core is ready once plugins may rely on it and what waited in the spool is on its way; then it is alive; then it ends.
fn check(socket: &UnixDatagram, name: &str) {
    socket.set_read_timeout(Some(PATIENCE)).expect("can be set");
    let carrier = Carrier::start();
    let home = Home::new(&carrier)
        .variable("NOTIFY_SOCKET", name)
        .variable("WATCHDOG_USEC", "100000");
    home.spool(&problem("waits"));
    let core = home.serve();
    let ready = hear(socket);
    assert_eq!(
        ready,
        format!("READY=1\nSTATUS=listening on http://{}", core.address)
    );
    assert!(core_lock::is_core_ready(&home.state()).expect("looks"));
    support::wait_for("an alert in the status", || {
        let alive = hear(socket);
        assert!(
            alive.starts_with("WATCHDOG=1\nSTATUS=listening on "),
            "{alive}"
        );
        alive.contains("alerts open: 1").then_some(())
    });
    core.stop();
    let last = std::iter::repeat_with(|| hear(socket)).find(|told| !told.starts_with("WATCHDOG=1"));
    assert_eq!(last.as_deref(), Some("STOPPING=1\nSTATUS=ending"));
    socket.set_nonblocking(true).expect("can be set");
    let after = socket.recv(&mut [0; 1]).expect_err("that was all");
    assert_eq!(after.kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_service_manager_at_a_path_is_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("binds");
    check(&socket, path.to_str().expect("is text"));
}

#[test]
fn a_service_manager_at_an_abstract_name_is_told() {
    let name = format!("rinban-it-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("is short");
    let socket = UnixDatagram::bind_addr(&address).expect("nobody has it");
    check(&socket, &format!("@{name}"));
}

#[test]
fn one_that_has_gone_stops_nobody() {
    let carrier = Carrier::start();
    let home = Home::new(&carrier).variable("NOTIFY_SOCKET", "/nowhere/notify");
    let core = home.serve();
    core.wait_for_log("the service manager cannot be told how the core is");
    core.post(&problem("1"));
    core.wait_for_alerts(1);
    core.stop();
}

#[test]
fn what_a_monitor_was_told_to_notify_hears_nothing_of_a_detached_core() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("binds");
    let carrier = Carrier::start();
    let home = Home::new(&carrier).variable("NOTIFY_SOCKET", path.to_str().expect("is text"));
    let core = home.serve_detached();
    core.stop();
    socket
        .set_read_timeout(Some(Duration::from_millis(1)))
        .expect("can be set");
    socket.recv(&mut [0; 1]).expect_err("nothing was told");
}

#[test]
fn a_core_does_not_take_a_spool_that_everybody_may_write() {
    use std::{fs, os::unix::fs::PermissionsExt};
    let carrier = Carrier::start();
    let home = Home::new(&carrier);
    let write = |id: &str| Spool::new(home.spool_dir()).write(&id.into(), b"{}");
    write("1").expect("is written");
    let open = |dir: &Path| fs::set_permissions(dir, fs::Permissions::from_mode(0o777));
    open(&home.spool_dir().join("new")).expect("is ours");
    let (status, said) = home.run(&["serve"]);
    assert_eq!(status, 1, "{said}");
    assert!(
        said.contains("is not to be trusted") && said.contains("chmod o-w"),
        "{said}"
    );
}
