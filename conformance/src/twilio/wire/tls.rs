//! Which certificates are trusted: the public roots, as the carrier does, and what the user adds.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use super::WireError;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of certificates cannot be read.
    #[error("cannot read certificates from {path}: {reason}", path = .0.display(), reason = .1)]
    Unreadable(PathBuf, String),
    /// It has none in it.
    #[error("{path} has no certificate in PEM form", path = .0.display())]
    Empty(PathBuf),
    /// rustls does not take the settings.
    #[error("TLS cannot be set up: {0}")]
    Settings(#[from] rustls::Error),
}

/// The client's side.
pub(super) fn config(ca_file: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = ca_file {
        add(&mut roots, path)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), TlsError> {
    let unreadable =
        |error: &dyn std::fmt::Display| TlsError::Unreadable(path.to_owned(), error.to_string());
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
    let before = roots.len();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        roots.add(certificate).map_err(|error| unreadable(&error))?;
    }
    match roots.len() > before {
        true => Ok(()),
        false => Err(TlsError::Empty(path.to_owned())),
    }
}

/// The name that the certificate has to have.
pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, WireError> {
    ServerName::try_from(host.to_owned()).map_err(|error| WireError::Tls(error.to_string()))
}
