//! The command line of `conformance serve`.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{
    faults::{Kind, Plan, PlanError, Planned, Rate},
    options::Options,
    order::Numbers,
    people::{People, PeopleError},
};
use crate::twilio::{Address, AddressError, twiml::Target};

/// What the command takes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the API listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4010")]
    listen: SocketAddr,
    /// Where it listens for TLS besides, with a certificate that fits nobody
    #[arg(long, value_name = "ADDRESS")]
    listen_tls: Option<SocketAddr>,
    /// The account: AC and 32 hexadecimal digits
    #[arg(long, value_name = "SID", value_parser = account_sid)]
    account_sid: String,
    /// The environment variable that holds the account's auth token
    #[arg(long, value_name = "NAME")]
    auth_token_env: String,
    /// An API key besides, and the environment variable that holds its secret; may be repeated
    #[arg(long, value_name = "SID=NAME", value_parser = api_key)]
    api_key: Vec<(String, String)>,
    /// A number of the account, from which it may call; may be repeated [default: any]
    #[arg(long, value_name = "NUMBER")]
    from: Vec<String>,
    /// Behave as test credentials do: check everything, call nobody
    #[arg(long)]
    test_credentials: bool,
    /// Where messages to the account's numbers are handed over
    #[arg(long, value_name = "URL")]
    sms_url: Option<String>,
    /// Who does what when they are called [default: everybody answers and presses 1]
    #[arg(long, value_name = "FILE")]
    people: Option<PathBuf>,
    /// Have whoever is not named do what the seed decides
    #[arg(long)]
    random_people: bool,
    /// What goes wrong, in order
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Something that goes wrong at the next occasion; may be repeated
    #[arg(long, value_name = "KIND")]
    fault: Vec<Kind>,
    /// How probable a fault is at each occasion; may be repeated
    #[arg(long, value_name = "KIND=P")]
    rate: Vec<Rate>,
    /// Decides what goes wrong by chance [default: another one each time, which is printed]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// How much faster people and phones are than in reality
    #[arg(long, value_name = "X", default_value = "1", value_parser = positive)]
    speed: f64,
    /// How many calls are dialled in a second of phone time; more are queued
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive)]
    calls_per_second: f64,
    /// How many requests may be under way at the same time; more get 429
    #[arg(long, value_name = "N", default_value = "100")]
    requests_at_once: usize,
    /// Certificates that are trusted at webhooks besides the usual ones (PEM)
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Say nothing of what happens
    #[arg(long)]
    quiet: bool,
}

/// What is wrong with the command line.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArgsError {
    /// A secret is missing.
    #[error("the environment variable {0} is not set; export it with the secret that clients use")]
    Secret(String),
    /// A file cannot be read.
    #[error("cannot read {path}: {error}", path = .path.display())]
    File {
        path: PathBuf,
        error: std::io::Error,
    },
    /// A file of people has a mistake.
    #[error("{path}: {error}", path = .path.display())]
    People { path: PathBuf, error: PeopleError },
    /// A plan has a mistake.
    #[error("{path}: {error}", path = .path.display())]
    Plan { path: PathBuf, error: PlanError },
    /// An address has a mistake.
    #[error("--sms-url: {0}")]
    SmsUrl(AddressError),
}

impl Args {
    /// Reads the files and the environment.
    pub(super) fn options(
        self,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Options, ArgsError> {
        let seed = self.seed();
        let people = self.people(seed)?;
        let plan = self.plan()?;
        let auth_token = secret(&self.auth_token_env, environment)?;
        let api_keys = self.api_key.iter().map(|(sid, name)| {
            let secret = secret(name, environment)?;
            Ok((sid.clone(), secret))
        });
        let sms_url = self.sms_url.as_deref().map(Address::parse).transpose();
        let sms_url = sms_url.map_err(ArgsError::SmsUrl)?;
        Ok(Options {
            listen: self.listen,
            listen_tls: self.listen_tls,
            api_keys: api_keys.collect::<Result<_, _>>()?,
            account_sid: self.account_sid,
            auth_token,
            numbers: Numbers {
                own: self.from,
                is_test: self.test_credentials,
            },
            sms_url: sms_url.map(|address| Target {
                address,
                method: Default::default(),
            }),
            people,
            plan,
            seed,
            rates: self.rate,
            speed: self.speed,
            calls_per_second: self.calls_per_second,
            requests_at_once: self.requests_at_once,
            ca_file: self.ca,
            kept: 100_000,
            is_printed: !self.quiet,
        })
    }

    /// A seed that was drawn is told, so that the run can be had again.
    fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| {
            let seed = fastrand::u64(..1 << 32);
            if !self.rate.is_empty() || self.random_people {
                eprintln!("conformance serve: the seed is {seed}");
            }
            seed
        })
    }

    fn people(&self, seed: u64) -> Result<People, ArgsError> {
        let seed = self.random_people.then_some(seed);
        let Some(path) = &self.people else {
            return Ok(seed.map_or_else(People::default, People::random));
        };
        let path = path.clone();
        let text = read(&path)?;
        People::parse(&text, seed).map_err(|error| ArgsError::People { path, error })
    }

    fn plan(&self) -> Result<Plan, ArgsError> {
        let mut plan = match &self.plan {
            None => Plan::default(),
            Some(path) => {
                let path = path.clone();
                let text = read(&path)?;
                Plan::parse(&text).map_err(|error| ArgsError::Plan { path, error })?
            }
        };
        plan.faults
            .extend(self.fault.iter().copied().map(Planned::next));
        Ok(plan)
    }
}

fn read(path: &Path) -> Result<String, ArgsError> {
    fs::read_to_string(path).map_err(|error| ArgsError::File {
        path: path.to_owned(),
        error,
    })
}

fn secret(
    name: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<SecretString, ArgsError> {
    let secret = environment(name).filter(|secret| !secret.is_empty());
    let secret = secret.ok_or_else(|| ArgsError::Secret(name.to_owned()))?;
    Ok(secret.into())
}

fn account_sid(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("AC").unwrap_or_default();
    let is_sid = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let why = "an account SID is AC and 32 hexadecimal digits; any will do here";
    is_sid
        .then(|| text.to_owned())
        .ok_or_else(|| why.to_owned())
}

fn api_key(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=');
    let pair = pair.filter(|(sid, name)| sid.starts_with("SK") && !name.is_empty());
    let (sid, name) = pair.ok_or("write SK...=NAME, where NAME is an environment variable")?;
    Ok((sid.to_owned(), name.to_owned()))
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|number| (0.001..=100_000.0).contains(number));
    number.ok_or_else(|| "write a number from 0.001 to 100000".to_owned())
}
