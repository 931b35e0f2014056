//! What the user wrote, checked: every refusal says what to do.

mod args;

use std::{
    cell::{Cell, RefCell},
    env,
    time::Duration,
};

use secrecy::SecretString;

use super::{
    case::Case,
    line::{Given, Lines},
    observer::Observer,
    outbound::{Action, Outbound},
    report::Secrets,
    select,
    stage::{Customs, Kit},
};
use crate::twilio::{
    Address, AddressError, Form, Method,
    twiml::Target,
    wire::{Limits, Route, TlsError, Wire},
};
pub use args::Args;

/// What was wrong with what the user wrote.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// Nothing to play against.
    #[error(
        "nothing to play against: name the handler with --url https://host/voice, or --serve-api with --trigger"
    )]
    NoTarget,
    /// An address that cannot be called.
    #[error("{0}: {1}")]
    Address(&'static str, #[source] AddressError),
    /// No key to sign with.
    #[error(
        "name the environment variable that holds the auth token: --auth-token-env TWILIO_AUTH_TOKEN"
    )]
    NoToken,
    /// A variable that is not there.
    #[error("{option} names the environment variable {name}, which {why}")]
    Variable {
        /// The option.
        option: &'static str,
        /// The variable.
        name: String,
        /// Is not set, or empty.
        why: &'static str,
    },
    /// A parameter without `=`.
    #[error("--form {0:?} is not NAME=VALUE")]
    Form(String),
    /// Nothing that could be a key.
    #[error("{0} {1:?} is no key: write one of 0 to 9")]
    Key(&'static str, String),
    /// No case.
    #[error(
        "no case is called {0:?}; --list shows all, and sig, sig/plain or 'sig/*query*' will do"
    )]
    NoCase(String),
    /// The two ways are mixed.
    #[error("--trigger needs --serve-api, and --serve-api needs --trigger")]
    HalfOutbound,
    /// Several handlers at one API.
    #[error(
        "with --serve-api, at most one --url is of use: it says where the system really listens"
    )]
    ManyOutbound,
    /// The public address of nothing.
    #[error("--public-url says what the handler at --url believes itself at: name that as well")]
    NoRealPlace,
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address is taken.
    #[error("the API cannot be served on {0}: {1}")]
    Serve(std::net::SocketAddr, #[source] std::io::Error),
    /// Not a time.
    #[error("--timeout has to be more than 0 and at most 600 seconds")]
    Timeout,
}

/// A run.
#[derive(Debug)]
pub struct Settings {
    /// What is played.
    pub cases: Vec<&'static Case>,
    /// Against whom.
    pub subjects: Vec<Subject>,
    /// Of everything random about requests.
    pub seed: u64,
    /// Whether SHOULD counts.
    pub strict: bool,
    /// What is never shown.
    pub secrets: Secrets,
}

/// A handler to play against.
#[derive(Debug)]
pub struct Subject {
    /// For people.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// What the cases share.
    pub kit: Kit,
}

/// The keys that are signed with.
struct Tokens {
    right: SecretString,
    stale: Option<SecretString>,
    shared: Option<SecretString>,
}

/// Every pattern has to mean a case.
///
/// # Errors
/// The first that means none.
pub fn check_patterns(patterns: &[String]) -> Result<(), SettingError> {
    match select::unmatched(patterns) {
        Some(pattern) => Err(SettingError::NoCase(pattern.clone())),
        None => Ok(()),
    }
}

impl Settings {
    /// Checks what was written, and opens the API if one is wanted.
    ///
    /// # Errors
    /// The first thing that makes no sense.
    pub async fn new(args: &Args) -> Result<Self, SettingError> {
        check_patterns(&args.ids)?;
        let tokens = tokens(args)?;
        let seed = args
            .seed
            .unwrap_or_else(|| fastrand::u64(..u64::from(u32::MAX)));
        let subjects = match args.serve_api {
            None if args.trigger.is_some() || args.settle.is_some() => {
                return Err(SettingError::HalfOutbound);
            }
            None => given(args, &tokens, seed)?,
            Some(api) => vec![placed(args, api, &tokens, seed).await?],
        };
        let Tokens {
            right,
            stale,
            shared,
        } = tokens;
        Ok(Self {
            cases: select::select(&args.ids),
            subjects,
            seed,
            strict: args.strict,
            secrets: Secrets::new([Some(right), stale, shared].into_iter().flatten()),
        })
    }
}

fn tokens(args: &Args) -> Result<Tokens, SettingError> {
    let right = match &args.auth_token_env {
        Some(name) => variable("--auth-token-env", name)?,
        // It has no token, so any will do.
        None if args.no_token => "no token".into(),
        None => return Err(SettingError::NoToken),
    };
    let stale = args.stale_token_env.as_ref();
    let shared = args.shared_key_env.as_ref();
    Ok(Tokens {
        right,
        stale: stale
            .map(|name| variable("--stale-token-env", name))
            .transpose()?,
        shared: shared
            .map(|name| variable("--shared-key-env", name))
            .transpose()?,
    })
}

fn variable(option: &'static str, name: &str) -> Result<SecretString, SettingError> {
    let refused = |why| SettingError::Variable {
        option,
        name: name.to_owned(),
        why,
    };
    match env::var(name) {
        Err(env::VarError::NotPresent) => Err(refused("is not set")),
        Err(env::VarError::NotUnicode(_)) => Err(refused("is not UTF-8")),
        Ok(value) if value.trim().is_empty() => Err(refused("is empty")),
        // A line end comes from a file that was read into the variable.
        Ok(value) => Ok(value.trim_end_matches(['\r', '\n']).into()),
    }
}

/// Handlers at known addresses.
fn given(args: &Args, tokens: &Tokens, seed: u64) -> Result<Vec<Subject>, SettingError> {
    if args.url.is_empty() {
        return Err(match args.public_url {
            Some(_) => SettingError::NoRealPlace,
            None => SettingError::NoTarget,
        });
    }
    args.url
        .iter()
        .map(|url| subject(args, url, tokens, seed))
        .collect()
}

fn subject(args: &Args, url: &str, tokens: &Tokens, seed: u64) -> Result<Subject, SettingError> {
    let (name, url) = match url.split_once('=') {
        Some((name, rest)) if !name.contains([':', '/']) => (Some(name), rest),
        _ => (None, url),
    };
    let real = address("--url", url)?;
    let route = route(args, Some(&real))?;
    let method = if args.get { Method::Get } else { Method::Post };
    // What the handler believes the place to be; elsewhere is elsewhere.
    let believed = |place: Address| match &route {
        Some(route) if place.is_at(&real) => route
            .public(place.target())
            .with_userinfo(real.userinfo())
            .with_fragment(place.fragment()),
        _ => place,
    };
    let target = |option, text: &Option<String>| {
        let joined = text.as_ref().map(|text| real.join(text));
        let joined = joined
            .transpose()
            .map_err(|error| SettingError::Address(option, error))?;
        let address = joined.map(believed);
        Ok::<_, SettingError>(address.map(|address| Target { address, method }))
    };
    let lines = Lines::Given(Box::new(Given {
        status: target("--status-url", &args.status_url)?,
        fallback: target("--fallback-url", &args.fallback_url)?,
        voice: Target {
            address: believed(real.clone()),
            method,
        },
        names: RefCell::new(fastrand::Rng::new()),
    }));
    let json = target("--json-url", &args.json_url)?;
    let kit = kit(args, tokens, seed, lines, route, Some(&real), json)?;
    Ok(Subject {
        name: name.map_or_else(|| real.authority(), str::to_owned),
        url: real.to_string(),
        kit,
    })
}

/// A system that places its calls at our API.
async fn placed(
    args: &Args,
    api: std::net::SocketAddr,
    tokens: &Tokens,
    seed: u64,
) -> Result<Subject, SettingError> {
    let trigger = args.trigger.as_ref().ok_or(SettingError::HalfOutbound)?;
    let real = match args.url.as_slice() {
        [] => None,
        [url] => Some(address("--url", url)?),
        _ => return Err(SettingError::ManyOutbound),
    };
    let route = route(args, real.as_ref())?;
    let wire = wire(args)?.with_route(route.clone());
    let action = |option, text: &str| {
        Action::parse(text).map_err(|error| SettingError::Address(option, error))
    };
    let settle = args
        .settle
        .as_ref()
        .map(|settle| action("--settle", settle))
        .transpose()?;
    let trigger = action("--trigger", trigger)?;
    let outbound = Outbound::serve(
        api,
        trigger,
        settle,
        wire,
        tokens.right.clone(),
        patience(args)?,
    )
    .await
    .map_err(|error| SettingError::Serve(api, error))?;
    let lines = Lines::Placed(Box::new(outbound));
    Ok(Subject {
        name: "placed calls".to_owned(),
        url: real
            .as_ref()
            .map_or_else(|| format!("API on {api}"), Address::to_string),
        kit: kit(args, tokens, seed, lines, route, real.as_ref(), None)?,
    })
}

fn route(args: &Args, real: Option<&Address>) -> Result<Option<Route>, SettingError> {
    let Some(public) = &args.public_url else {
        return Ok(None);
    };
    let public = address("--public-url", public)?;
    let real = real.ok_or(SettingError::NoRealPlace)?;
    Ok(Some(Route::new(public, real.clone())))
}

fn kit(
    args: &Args,
    tokens: &Tokens,
    seed: u64,
    lines: Lines,
    route: Option<Route>,
    real: Option<&Address>,
    json: Option<Target>,
) -> Result<Kit, SettingError> {
    let observer = args
        .observe_url
        .as_ref()
        .map(|url| address("--observe-url", url))
        .transpose()?;
    let observer = match observer {
        Some(address) => Some(Observer::new(address, wire(args)?)),
        None => None,
    };
    Ok(Kit {
        wire: wire(args)?.with_route(route.clone()),
        lines,
        token: tokens.right.clone(),
        stale_token: tokens.stale.clone(),
        shared_key: tokens.shared.clone(),
        extra_form: form(&args.form)?,
        observer,
        json,
        customs: Customs {
            acknowledge_key: key("--acknowledge-key", &args.acknowledge_key)?,
            wrong_key: key("--wrong-key", &args.wrong_key)?,
            acknowledged_says: args.acknowledged_says.clone(),
        },
        patience: patience(args)?,
        cases: args.cases,
        seed,
        has_no_token: args.no_token,
        is_proxied: route.is_some(),
        needs_proxy_headers: args.proxy_headers,
        is_slow: Cell::new(false),
        listens_at: real.map_or_else(String::new, Address::authority),
    })
}

fn wire(args: &Args) -> Result<Wire, SettingError> {
    let total = patience(args)?;
    let limits = Limits {
        // As the carrier has it: 5 s of 15 s.
        connect: total / 3,
        total,
        // One byte more than the carrier takes would not tell how long the reply is.
        body: 4 * Limits::WEBHOOK.body,
        ..Limits::WEBHOOK
    };
    Ok(Wire::new(limits, args.ca_file.as_deref())?)
}

fn patience(args: &Args) -> Result<Duration, SettingError> {
    match args.timeout {
        seconds if seconds > 0.0 && seconds <= 600.0 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(SettingError::Timeout),
    }
}

fn address(option: &'static str, text: &str) -> Result<Address, SettingError> {
    Address::parse(text).map_err(|error| SettingError::Address(option, error))
}

fn form(pairs: &[String]) -> Result<Form, SettingError> {
    let pair = |text: &String| match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(SettingError::Form(text.clone())),
    };
    pairs.iter().map(pair).collect()
}

fn key(option: &'static str, text: &str) -> Result<String, SettingError> {
    match text.len() == 1 && text.chars().all(|c| c.is_ascii_digit() || c == '*') {
        true => Ok(text.to_owned()),
        false => Err(SettingError::Key(option, text.to_owned())),
    }
}
