//! The HTTP client that all carriers share, built when it is first needed: loading the system's root certificates
//! takes milliseconds, which a short-lived process that calls nobody should not pay.

use std::{sync::OnceLock, time::Duration};

use reqwest::{Client, ClientBuilder};

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

/// A client that takes no proxy from the environment: for the simulated network, which is on loopback.
pub fn direct_client() -> Result<Client, ClientError> {
    builder().no_proxy().build().map_err(ClientError)
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
    fn the_shared_client_is_built_once_and_handed_out_again() {
        client().expect("a client");
        client().expect("the same client");
    }
}
