//! A handler over https, with a certificate that only its owner trusts.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    sync::Arc,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types::PrivateKeyDer};
use tempfile::TempDir;

use super::{
    command::Run,
    http::{Reply, Server, write},
};

/// A server that answers everything over TLS, and the file with its certificate.
struct Secure {
    server: Server,
    dir: TempDir,
}

impl Secure {
    /// With a certificate for this name.
    fn named(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("ca.pem"), made.cert.pem()).expect("written");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config
                    .with_no_client_auth()
                    .with_single_cert(vec![made.cert.der().clone()], key)
            })
            .expect("a configuration");
        let config = Arc::new(config);
        let server = Server::serve(move |stream| answer(stream, &config));
        Self { server, dir }
    }

    fn ca_file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    fn run(&self, more: &[&str]) -> Run {
        let url = format!("https://localhost:{}/voice", self.server.address.port());
        let usual = [
            "sig/plain",
            "--url",
            &url,
            "--auth-token-env",
            "TOKEN",
            "--timeout",
            "6",
        ];
        Run::with(&[&usual[..], more].concat())
    }
}

fn answer(stream: TcpStream, config: &Arc<ServerConfig>) {
    let connection = ServerConnection::new(Arc::clone(config)).expect("a connection");
    let mut stream = StreamOwned::new(connection, stream);
    let mut piece = [0; 8192];
    if matches!(stream.read(&mut piece), Ok(1..)) {
        write(&mut stream, &Reply::new(200, "text/xml", "<Response/>"));
        stream.conn.send_close_notify();
        let _ = stream.flush();
    }
}

#[test]
fn a_certificate_that_nobody_trusts_makes_the_target_unreachable() {
    let run = Secure::named("localhost").run(&[]).check(3);
    assert!(
        run.stderr
            .contains("cannot be reached: no TLS: invalid peer certificate: UnknownIssuer"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_certificate_that_the_user_trusts_is_good() {
    let secure = Secure::named("localhost");
    let ca_file = secure.ca_file();
    secure
        .run(&["--ca-file", ca_file.to_str().expect("UTF-8")])
        .check(0);
}

#[test]
fn a_certificate_for_another_name_makes_the_target_unreachable() {
    let secure = Secure::named("elsewhere.example.com");
    let ca_file = secure.ca_file();
    let run = secure
        .run(&["--ca-file", ca_file.to_str().expect("UTF-8")])
        .check(3);
    assert!(run.stderr.contains("not valid for name"), "{}", run.stderr);
}
