//! A TLS port whose certificate fits nobody: what a client sees of a host that is not the one it means.

use std::sync::Arc;

use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{io::AsyncReadExt as _, net::TcpListener, task::JoinSet, time::sleep};
use tokio_rustls::TlsAcceptor;

use super::BREATH;

/// Someone else's host.
const STRANGER: &str = "somebody-else.invalid";

/// Speaks TLS as somebody else.
pub(in crate::serve) struct Stranger(TlsAcceptor);

impl Stranger {
    /// Makes a certificate.
    ///
    /// # Errors
    /// In words, if that fails.
    pub(in crate::serve) fn new() -> Result<Self, String> {
        let made = rcgen::generate_simple_self_signed([STRANGER.to_owned()]);
        let made = made.map_err(|error| error.to_string())?;
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| {
                config
                    .with_no_client_auth()
                    .with_single_cert(vec![made.cert.der().clone()], key)
            });
        let config = config.map_err(|error| error.to_string())?;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Shows the certificate to whoever comes, until it is dropped.
    pub(in crate::serve) async fn serve(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(BREATH).await;
                continue;
            };
            let acceptor = self.0.clone();
            connections.spawn(async move {
                // A client that looks at certificates goes away here. To one that does not, nothing is said.
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.read(&mut [0; 1024]).await;
                }
            });
            while connections.try_join_next().is_some() {}
        }
    }
}
