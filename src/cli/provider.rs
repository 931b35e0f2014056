//! `rinban provider`: how the carriers stand, and switches, weights and probes by hand.
//!
//! Everything goes to the running core over HTTP, with a token that whoever can read the state directory can make. Without
//! a core the list is read from the store, and changes are refused.

mod ask;
mod show;

use std::{env, io::Write};

use clap::Subcommand;
use jiff::Timestamp;
use nix::unistd::{Uid, User};
use serde_json::{Map, Value, json};

use self::ask::Core;
use super::{ConfigArg, Failure};
use crate::{
    config::{Config, one_of},
    dispatch::{
        breaker::Report,
        command::{Done, Found},
        standing::Overview,
    },
    engine::desk,
    escalation::ProviderName,
    handoff::core_lock,
    store::Reader,
};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    #[command(subcommand)]
    action: Option<Action>,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Also what was changed: who, when and why
    #[arg(long)]
    history: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Let nothing through a provider until `auto`
    ForceOpen(Switch),
    /// Let everything through a provider, however sick it seems, until `auto`
    ForceClosed(Switch),
    /// Let a provider's breaker decide by itself again
    Auto(Loose),
    /// Find out at once whether a provider does its work; calls nobody
    Probe(Loose),
    /// Set how much each provider carries, of the sum of all weights
    Ratio(Weights),
}

#[derive(Debug, clap::Args)]
struct Switch {
    #[command(flatten)]
    of: Of,
    /// Why, for whoever is on call next
    #[arg(long, value_name = "TEXT")]
    why: String,
}

/// What needs no reason.
#[derive(Debug, clap::Args)]
struct Loose {
    #[command(flatten)]
    of: Of,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    why: String,
}

#[derive(Debug, clap::Args)]
struct Of {
    #[command(flatten)]
    config: ConfigArg,
    /// The provider's name in the configuration
    #[arg(value_name = "NAME")]
    provider: String,
    /// Only on this channel: voice or sms [default: all]
    #[arg(long, value_parser = ["voice", "sms"])]
    channel: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Weights {
    #[command(flatten)]
    config: ConfigArg,
    /// Providers with their weights, 0 to 1000; whoever is not named keeps its own
    #[arg(value_name = "NAME=WEIGHT", required = true)]
    weights: Vec<String>,
    /// On this channel: voice or sms [default: voice]
    #[arg(long, value_parser = ["voice", "sms"])]
    channel: Option<String>,
    /// Why, for whoever is on call next
    #[arg(long, value_name = "TEXT")]
    why: String,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.action {
        None => list(args, out),
        Some(Action::ForceOpen(switch)) => switch.of.tell("force-open", &switch.why, out),
        Some(Action::ForceClosed(switch)) => switch.of.tell("force-closed", &switch.why, out),
        Some(Action::Auto(loose)) => loose.of.tell("auto", &loose.why, out),
        Some(Action::Probe(loose)) => loose.of.probe(&loose.why, out),
        Some(Action::Ratio(weights)) => weights.set(out),
    }
}

fn list(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    let config = args.config.load()?;
    let overview = match Core::of(&config)? {
        Some(core) => core.overview()?,
        None => stored(&config)?,
    };
    if args.json {
        let json = serde_json::to_string_pretty(&overview)
            .map_err(|error| Failure::World(error.to_string()))?;
        return Ok(writeln!(out, "{json}")?);
    }
    show::standing(&overview, out)?;
    if args.history {
        show::history(&overview, out)?;
    }
    Ok(())
}

/// As the last core left it. Nothing of it waits, and breakers that are open would be probed by the next core.
fn stored(config: &Config) -> Result<Overview, Failure> {
    let kept = Reader::open(&config.state_dir)?.snapshot()?.dispatch;
    eprintln!(
        "no core runs on {}; this is what the last one left in the store",
        config.state_dir.display()
    );
    Ok(desk::dispatch(config, kept).overview(Timestamp::now()))
}

impl Of {
    fn tell(&self, what: &str, why: &str, out: &mut dyn Write) -> Result<(), Failure> {
        let core = self.core(why)?;
        told(&core.command(&self.provider, &self.body(what, why))?, out)
    }

    fn probe(&self, why: &str, out: &mut dyn Write) -> Result<(), Failure> {
        let core = self.core(why)?;
        let found: Found = core.command(&self.provider, &self.body("probe", why))?;
        let name = &self.provider;
        let took = found.took_millis;
        match (found.report, found.fault) {
            (Report::Good, _) => Ok(writeln!(out, "{name} does its work ({took} ms)")?),
            (Report::Slow, _) => Ok(writeln!(
                out,
                "{name} does its work, but slowly ({took} ms)"
            )?),
            (_, Some(fault)) => Err(Failure::World(format!(
                "{name} does not do its work: {fault}; run `rinban doctor`"
            ))),
            (_, None) => Err(Failure::World(format!("{name} does not do its work"))),
        }
    }

    fn core(&self, why: &str) -> Result<Core, Failure> {
        let config = self.config.load()?;
        known(&config, &self.provider)?;
        reason_fits(why)?;
        running(&config)
    }

    fn body(&self, what: &str, why: &str) -> Value {
        json!({ "do": what, "channel": self.channel, "why": why, "by": login() })
    }
}

impl Weights {
    fn set(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let config = self.config.load()?;
        let mut weights = Map::new();
        for given in &self.weights {
            let (name, weight) = weight(given)?;
            known(&config, name)?;
            if weights.insert(name.to_owned(), weight.into()).is_some() {
                return Err(Failure::Usage(format!(
                    "{name} has two weights; give it one"
                )));
            }
        }
        reason_fits(&self.why)?;
        let body = json!({
            "weights": weights,
            "channel": self.channel,
            "why": self.why,
            "by": login(),
        });
        told(&running(&config)?.weights(&body)?, out)
    }
}

fn weight(given: &str) -> Result<(&str, u32), Failure> {
    let parsed = given
        .rsplit_once('=')
        .and_then(|(name, weight)| Some((name, weight.parse().ok()?)));
    let fits = parsed.filter(|(_, weight)| *weight <= crate::dispatch::command::WEIGHT_MOST);
    fits.ok_or_else(|| {
        Failure::Usage(format!(
            "{given:?} is no weight; write NAME=70, a whole number up to {}",
            crate::dispatch::command::WEIGHT_MOST
        ))
    })
}

fn known(config: &Config, name: &str) -> Result<(), Failure> {
    let names = config
        .providers
        .iter()
        .map(|provider| provider.name.as_str());
    if names.clone().any(|known| known == name) {
        return Ok(());
    }
    let remedy = one_of(name, names);
    Err(Failure::Usage(format!(
        "there is no provider {name:?}; {remedy}"
    )))
}

/// What the core would refuse in other words is a mistake of the command line.
fn reason_fits(why: &str) -> Result<(), Failure> {
    if why.chars().any(char::is_control) {
        return Err(Failure::Usage(
            "--why holds control characters; write one line".to_owned(),
        ));
    }
    Ok(())
}

fn running(config: &Config) -> Result<Core, Failure> {
    Core::of(config)?.ok_or_else(|| {
        Failure::World(format!(
            "no core runs on {}, and only a running core changes anything; start the rinban service, or run this on its host",
            config.state_dir.display()
        ))
    })
}

fn told(done: &Done, out: &mut dyn Write) -> Result<(), Failure> {
    for line in &done.done {
        writeln!(out, "{line}")?;
    }
    super::warn(done.warning.clone());
    Ok(())
}

/// The user's login name; behind sudo that of whoever has called it.
fn login() -> String {
    let user = Uid::current();
    let behind_sudo = env::var("SUDO_USER").ok().filter(|_| user.is_root());
    behind_sudo.unwrap_or_else(|| {
        let known = User::from_uid(user).ok().flatten();
        known.map_or_else(|| user.to_string(), |user| user.name)
    })
}

/// Whether a core runs on this host.
fn is_running(config: &Config) -> Result<bool, Failure> {
    core_lock::is_core_ready(&config.state_dir).map_err(|error| Failure::World(error.to_string()))
}

/// The path of a provider's commands: a name may hold whatever the configuration allows.
fn path_of(name: &ProviderName) -> String {
    let mut path = "/v1/providers/".to_owned();
    for byte in name.as_str().bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => path.push(char::from(byte)),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_read_from_behind_the_last_equals_sign() {
        for (given, expected) in [
            ("main=70", Some(("main", 70))),
            ("a=b=0", Some(("a=b", 0))),
            ("main=1000", Some(("main", 1_000))),
            ("main=1001", None),
            ("main=-1", None),
            ("main=", None),
            ("main", None),
            ("70", None),
        ] {
            assert_eq!(weight(given).ok(), expected, "{given}");
        }
    }

    #[test]
    fn a_name_goes_into_a_path_as_it_is() {
        for (name, path) in [
            ("twilio-2", "/v1/providers/twilio-2"),
            ("a/../b", "/v1/providers/a%2F%2E%2E%2Fb"),
            ("電", "/v1/providers/%E9%9B%BB"),
        ] {
            assert_eq!(path_of(&name.into()), path);
        }
    }
}
