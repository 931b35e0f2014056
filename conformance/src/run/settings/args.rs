//! The options of `conformance run`.

use std::{net::SocketAddr, path::PathBuf};

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Cases to play, by id (sig/plain), family (sig) or pattern ('sig/*query*') [default: all]
    pub ids: Vec<String>,
    /// Where the carrier calls the handler, or NAME=URL; several stand beside each other in the report
    #[arg(long, value_name = "URL")]
    pub url: Vec<String>,
    /// The environment variable that holds the auth token
    #[arg(long, value_name = "NAME")]
    pub auth_token_env: Option<String>,
    /// What the handler believes itself at, if a proxy stands before it: its base, without the path of --url
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// Add X-Forwarded-Host and -Proto as a proxy does, for a handler that takes its address from them
    #[arg(long, requires = "public_url")]
    pub proxy_headers: bool,
    /// The handler's status callback; may be relative to --url
    #[arg(long, value_name = "URL")]
    pub status_url: Option<String>,
    /// The handler's fallback; may be relative to --url
    #[arg(long, value_name = "URL")]
    pub fallback_url: Option<String>,
    /// Where the handler takes JSON, if anywhere; may be relative to --url
    #[arg(long, value_name = "URL")]
    pub json_url: Option<String>,
    /// Tells as JSON what was done with a call: {"acknowledged": 1, "status": "completed"}
    #[arg(long, value_name = "URL")]
    pub observe_url: Option<String>,
    /// Call the handler by GET
    #[arg(long)]
    pub get: bool,
    /// A parameter more in every request, or another value for one
    #[arg(long, value_name = "NAME=VALUE")]
    pub form: Vec<String>,
    /// The key that takes the alert
    #[arg(long, value_name = "KEY", default_value = "1")]
    pub acknowledge_key: String,
    /// A key that means nothing
    #[arg(long, value_name = "KEY", default_value = "7")]
    pub wrong_key: String,
    /// A part of what is said once the alert is taken, and at no other time
    #[arg(long, value_name = "TEXT")]
    pub acknowledged_says: Option<String>,
    /// The environment variable that holds a token that is no longer valid
    #[arg(long, value_name = "NAME")]
    pub stale_token_env: Option<String>,
    /// The environment variable that holds the key of SHA-256 signatures
    #[arg(long, value_name = "NAME")]
    pub shared_key_env: Option<String>,
    /// The handler was started without a token, and has to refuse everything
    #[arg(long)]
    pub no_token: bool,
    /// Stand in for the carrier's API here, and play the calls that the system places
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub serve_api: Option<SocketAddr>,
    /// Makes the system place a call: a command for the shell, or a URL that is posted to
    #[arg(long, value_name = "COMMAND|URL")]
    pub trigger: Option<String>,
    /// Closes what --trigger has opened
    #[arg(long, value_name = "COMMAND|URL")]
    pub settle: Option<String>,
    /// Count what SHOULD hold like what MUST
    #[arg(long)]
    pub strict: bool,
    /// How long a reply may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 15.0)]
    pub timeout: f64,
    /// How many requests the generated cases make
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub cases: u32,
    /// Draw the generated cases from this [default: another one each time]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Trust the certificates in this file (PEM) as well
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// List the cases, and play none
    #[arg(long)]
    pub list: bool,
    /// Tell all about these cases, and play none
    #[arg(long, value_name = "ID")]
    pub explain: Option<String>,
    /// Write JUnit XML
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the report as one HTML page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Make one report of several that --json has written, and play nothing
    #[arg(long, value_name = "FILE")]
    pub merge: Vec<PathBuf>,
}
