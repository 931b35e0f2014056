//! The HTTP client that all carriers share, built when it is first needed: loading the system's root certificates
//! takes milliseconds, which a short-lived process that calls nobody should not pay.

use std::{sync::OnceLock, time::Duration};

use reqwest::{Client, ClientBuilder};
use url::{Host, Url};

/// How long a TCP and TLS connection may take to come up. Within it a failure is proof that nothing was sent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// An idle connection older than this is not used again. The peer may be about to close it, and a request that meets
/// the close cannot be told from one that was carried out.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Why there is no HTTP client.
#[derive(Debug, thiserror::Error)]
#[error(
    "could not set up TLS; install the system's root certificates (on Debian the package ca-certificates)"
)]
pub struct ClientError(#[source] reqwest::Error);

/// The shared client: rustls with ring, the platform's root certificates, a time-out for connecting, no redirects and
/// no retries. Proxies are taken from the environment (`HTTPS_PROXY`, `NO_PROXY`).
///
/// Who sends a request sets its total time-out. Connections belong to the tokio runtime on which they were opened, so a
/// process uses the client from one runtime only.
pub fn client() -> Result<Client, ClientError> {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.clone());
    }
    let built = builder().build().map_err(ClientError)?;
    Ok(CLIENT.get_or_init(|| built).clone())
}

/// The client for this address: [`client`], or, for loopback, one that takes no proxy from the environment, since a proxy
/// cannot reach this host's loopback. mackerel-agent hands its own proxy on to what it starts.
pub fn client_for(url: &str) -> Result<Client, ClientError> {
    if is_loopback(url) {
        return builder().no_proxy().build().map_err(ClientError);
    }
    client()
}

/// A client of its own that takes no proxy from the environment: for what is meant for this host alone.
pub(crate) fn client_without_proxy() -> Result<Client, ClientError> {
    builder().no_proxy().build().map_err(ClientError)
}

/// A client of its own that hands out the certificates of the servers it talks to.
pub(crate) fn client_that_tells(url: &str) -> Result<Client, ClientError> {
    let mut builder = builder().tls_info(true);
    if is_loopback(url) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(ClientError)
}

fn is_loopback(url: &str) -> bool {
    match Url::parse(url).as_ref().map(Url::host) {
        Ok(Some(Host::Ipv4(address))) => address.is_loopback(),
        Ok(Some(Host::Ipv6(address))) => address.is_loopback(),
        Ok(Some(Host::Domain(name))) => name == "localhost",
        _ => false,
    }
}

/// The settings of [`client`].
pub(super) fn builder() -> ClientBuilder {
    // An error means that a provider is installed already, by an earlier call or by the program around us.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("rinban/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        // A redirected POST would be sent again, perhaps to another host and with our credentials.
        .redirect(reqwest::redirect::Policy::none())
        // Placing a call is not idempotent: when to send again is decided by whoever reads the fault (P3).
        .retry(reqwest::retry::never())
}

/// A client for tests against loopback, where proxies have no say. Built once, since that takes long, and without a pool,
/// since each test has a runtime of its own.
#[cfg(test)]
pub(super) fn unpooled() -> Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    let build = || {
        builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .connect_timeout(Duration::from_millis(700))
            .build()
            .expect("a client")
    };
    CLIENT.get_or_init(build).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_known_by_its_address() {
        for (url, expected) in [
            ("http://127.0.0.1:8075/x", true),
            ("http://[::1]/", true),
            ("http://localhost:1", true),
            ("https://api.twilio.com", false),
            ("https://localhost.example.com", false),
            ("not a url", false),
        ] {
            assert_eq!(is_loopback(url), expected, "{url}");
        }
    }

    #[test]
    fn the_shared_client_is_built_once_and_handed_out_again() {
        client().expect("a client");
        client().expect("the same client");
    }
}
