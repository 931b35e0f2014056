//! `rinban test-call`: pages people through the whole chain, and says what happens until somebody takes it.
//!
//! The event goes to the running core by the way that every plugin takes, and what happens is read from the store's
//! journal, which does not disturb the core. The alert is closed in the end, whatever has happened.

mod follow;

use std::{
    io::{self, BufRead, IsTerminal, Write},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use nix::sys::signal::{SigSet, Signal};

use super::{ConfigArg, Failure, oncall::Now, table};
use crate::{
    alert::{AlertKey, Event, EventKind, GroupName, SELF_TEST, Severity},
    config::{Config, Group, ProviderKind, one_of, whom},
    escalation::{Escalation, EscalationId},
    handoff::{self, Settings, core_lock},
    roster::MemberName,
    store::Reader,
    voice::TEST_CALL,
};
use follow::Progress;

/// Between two looks into the journal.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long the core may take to begin, and to close in the end; it takes milliseconds.
const CORE_TAKES: Duration = Duration::from_secs(10);

/// Among how many of the newest escalations ours is looked for.
const NEWEST: usize = 100;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// The group to page, in the order of who is on call now
    #[arg(required_unless_present = "member")]
    group: Option<String>,
    /// Page only this person, on call or not
    #[arg(long, value_name = "NAME", conflicts_with = "group")]
    member: Option<String>,
    /// How many seconds somebody has to take it
    #[arg(long, value_name = "SECS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(10..=86_400))]
    wait: u64,
    /// Call without asking first
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    let config = args.config.load()?;
    let (name, group) = args.whom(&config)?;
    let settings = running_core(&config)?;
    let mut store = Reader::open(&config.state_dir)?;
    announce(&config, &name, &group, out)?;
    warn_of_real_alerts(&mut store, out)?;
    if !args.yes {
        confirm(out)?;
    }
    let interrupted = signals()?;
    close_leftovers(&settings, &mut store, &name, out)?;
    let test = Test {
        settings,
        alert: Event::self_test(name, Timestamp::now()),
        begun: Instant::now(),
    };
    test.run(
        &mut store,
        Duration::from_secs(args.wait),
        &interrupted,
        out,
    )
}

impl Args {
    /// The name of the group that is tested, and who that is.
    fn whom(&self, config: &Config) -> Result<(GroupName, Group), Failure> {
        let asked = self.group.as_deref().unwrap_or_default();
        let tested = match self.member.as_deref() {
            Some(member) if !config.members.contains_key(member) => {
                let known = config.members.keys().map(MemberName::as_str);
                let remedy = one_of(member, known);
                return Err(Failure::Usage(format!(
                    "there is no member {member:?}; {remedy}"
                )));
            }
            Some(member) => format!("{}{member}", whom::MEMBER),
            None if !config.groups.contains_key(asked) => {
                let known = config.groups.keys().map(GroupName::as_str);
                let remedy = one_of(asked, known);
                return Err(Failure::Usage(format!(
                    "there is no group {asked:?}; {remedy}"
                )));
            }
            None => asked.to_owned(),
        };
        let name = GroupName::new(format!("{}{tested}", whom::TEST));
        let group = config.whom(&name).into_owned();
        Ok((name, group))
    }
}

/// Where the event goes: a core must run on this host, since its journal is what is followed.
fn running_core(config: &Config) -> Result<Settings, Failure> {
    let runs = core_lock::is_core_ready(&config.state_dir)
        .map_err(|error| Failure::World(error.to_string()))?;
    if !runs {
        let elsewhere = match config.handoff.cores.first() {
            Some(core) => format!(", or run this on the host of {}", core.url),
            None => String::new(),
        };
        return Err(Failure::World(format!(
            "no core runs on {}; start the rinban service{elsewhere}",
            config.state_dir.display()
        )));
    }
    Ok(Settings {
        cores: Vec::new(),
        start_core: false,
        ..config.handoff.clone()
    })
}

/// Says who will be called before anybody is.
fn announce(
    config: &Config,
    name: &GroupName,
    group: &Group,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let order = Now::of(&group.roster, Timestamp::now()).order;
    if order.is_empty() {
        return Err(Failure::World(format!(
            "nobody is on call in {} now, so nobody can be called; see `rinban plan`, or name somebody with --member",
            shown(name)
        )));
    }
    let providers: Vec<_> = config
        .providers
        .iter()
        .map(|each| each.name.as_str())
        .collect();
    let simulated = config
        .providers
        .iter()
        .all(|provider| matches!(provider.kind, ProviderKind::Simulated));
    writeln!(
        out,
        "This calls {} through {}, each for {} s, until somebody presses 1:",
        shown(name),
        providers.join(", then "),
        group.policy.ring_timeout.as_secs()
    )?;
    table::write(out, &rows(config, &order))?;
    if simulated {
        writeln!(out, "The network is simulated: no real phone rings.")?;
    }
    Ok(())
}

/// The name without what only rinban needs to see.
fn shown(name: &GroupName) -> &str {
    let name = name.as_str();
    let name = name.strip_prefix(whom::TEST).unwrap_or(name);
    name.strip_prefix(whom::MEMBER).unwrap_or(name)
}

fn rows(config: &Config, order: &[MemberName]) -> Vec<[String; 3]> {
    let rows = order.iter().enumerate().map(|(index, name)| {
        let number = config
            .members
            .get(name)
            .map(|member| member.number.to_string());
        let number = number.unwrap_or_default();
        [format!("  {}.", index + 1), name.to_string(), number]
    });
    rows.collect()
}

/// Whoever is on a real call is not called by a test, and may not want one now.
fn warn_of_real_alerts(store: &mut Reader, out: &mut dyn Write) -> Result<(), Failure> {
    let is_real = |escalation: &&Escalation| {
        !escalation.is_over() && escalation.headline.alert.source.as_str() != SELF_TEST
    };
    let open = store.escalations(NEWEST)?.iter().filter(is_real).count();
    if open > 0 {
        let escalations = if open == 1 {
            "1 real escalation is"
        } else {
            &format!("{open} real escalations are")
        };
        writeln!(
            out,
            "Mind that {escalations} open: the people on call may be busy. See `rinban journal`."
        )?;
    }
    Ok(())
}

fn confirm(out: &mut dyn Write) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        let text =
            "nobody can be asked, since standard input is no terminal; say --yes to call them";
        return Err(Failure::Usage(text.to_owned()));
    }
    write!(out, "Call now? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" | "はい" => Ok(()),
        _ => Err(Failure::World("nobody was called".to_owned())),
    }
}

/// From here on a signal to end is a message, so that the alert can be closed first.
fn signals() -> Result<Receiver<Signal>, Failure> {
    let mut ending = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        ending.add(signal);
    }
    ending
        .thread_block()
        .map_err(|error| Failure::World(format!("cannot watch signals: {error}")))?;
    let (sender, interrupted) = mpsc::channel();
    thread::spawn(move || {
        while let Ok(signal) = ending.wait() {
            // Whoever does not listen any more is ending.
            let _ = sender.send(signal);
        }
    });
    Ok(interrupted)
}

/// Closes what a test has left open that was killed: it would go on calling, and this one would join it.
fn close_leftovers(
    settings: &Settings,
    store: &mut Reader,
    name: &GroupName,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let escalations = store.escalations(NEWEST)?;
    let left = escalations.iter().filter(|escalation| {
        !escalation.is_over()
            && escalation.group == *name
            && escalation.headline.alert.source.as_str() == SELF_TEST
    });
    for escalation in left {
        writeln!(
            out,
            "An earlier test ({}) was left open and is closed.",
            escalation.id
        )?;
        let alert = &escalation.headline.alert;
        let event = recovery(alert, "another test begins", Timestamp::now());
        handoff::hand_over(settings, &event).map_err(|error| Failure::World(error.to_string()))?;
        wait_until_over(store, escalation.id)?;
    }
    Ok(())
}

fn recovery(alert: &AlertKey, reason: &str, now: Timestamp) -> Event {
    Event {
        id: format!("{}:recovery", alert.dedup).as_str().into(),
        kind: EventKind::Recovery,
        reason: Some(reason.to_owned()),
        ..Event::self_test(alert.group.clone(), now).of(alert)
    }
}

impl Event {
    /// A test alert of its own.
    fn self_test(group: GroupName, now: Timestamp) -> Self {
        let dedup = format!("test-call:{now}");
        Self {
            id: format!("{dedup}:problem").as_str().into(),
            source: SELF_TEST.into(),
            dedup_key: dedup.as_str().into(),
            group,
            kind: EventKind::Problem,
            acknowledged_by: None,
            reason: None,
            // Whatever a policy calls from, it calls for this.
            severity: Severity::Critical,
            title: "test call, nothing is wrong".to_owned(),
            host: None,
            message: String::new(),
            url: None,
            message_id: Some(TEST_CALL.to_owned()),
            variables: std::collections::BTreeMap::new(),
            received_at: now,
        }
    }

    fn of(self, alert: &AlertKey) -> Self {
        Self {
            dedup_key: alert.dedup.clone(),
            ..self
        }
    }
}

/// A test under way.
struct Test {
    settings: Settings,
    alert: Event,
    begun: Instant,
}

/// How a test ended.
enum Ended {
    Acknowledged,
    NotTaken,
    Interrupted(Signal),
}

impl Test {
    fn run(
        &self,
        store: &mut Reader,
        wait: Duration,
        interrupted: &Receiver<Signal>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let mut progress = Progress::default();
        let ended = match handoff::hand_over(&self.settings, &self.alert) {
            Ok(_) => self.follow(store, wait, interrupted, &mut progress, out),
            Err(error) => Err(Failure::World(error.to_string())),
        };
        let reason = match &ended {
            Ok(Ended::Acknowledged) => "the test is over".to_owned(),
            Ok(Ended::Interrupted(signal)) => format!("the test was ended by {signal}"),
            Ok(Ended::NotTaken) | Err(_) => progress.summary(),
        };
        let closed = self.close(store, &reason, progress.escalation);
        match ended? {
            Ended::Acknowledged => {}
            Ended::Interrupted(signal) => {
                closed?;
                return Err(Failure::World(format!(
                    "ended by {signal}; the test alert is closed"
                )));
            }
            Ended::NotTaken => {
                closed?;
                return Err(Failure::World(progress.verdict(wait)));
            }
        }
        closed?;
        writeln!(out, "The test alert is closed. The chain works.")?;
        Ok(())
    }

    /// Says what happens, until somebody takes it or nobody does in time.
    fn follow(
        &self,
        store: &mut Reader,
        wait: Duration,
        interrupted: &Receiver<Signal>,
        progress: &mut Progress,
        out: &mut dyn Write,
    ) -> Result<Ended, Failure> {
        let key = self.alert.alert_key();
        let mut limit = CORE_TAKES;
        loop {
            if progress.escalation.is_none()
                && let Some(found) = escalation_of(store, &key)?
            {
                progress.escalation = Some(found);
                limit = wait;
            }
            if let Some(id) = progress.escalation {
                for entry in store.journal(id)?.iter().skip(progress.entries()) {
                    for line in progress.take(entry) {
                        let after = SignedDuration::try_from(self.begun.elapsed());
                        let after = after.unwrap_or_default().as_secs_f64();
                        writeln!(out, "{after:>7.1} s  {line}")?;
                    }
                }
                out.flush()?;
            }
            if progress.acknowledged_by.is_some() {
                return Ok(Ended::Acknowledged);
            }
            if progress.is_over || self.begun.elapsed() >= limit {
                return Ok(Ended::NotTaken);
            }
            match interrupted.recv_timeout(LOOK_EVERY) {
                Ok(signal) => return Ok(Ended::Interrupted(signal)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => thread::sleep(LOOK_EVERY),
            }
        }
    }

    /// Closes the alert, whose phones then stop ringing, and waits until the core has done so.
    fn close(
        &self,
        store: &mut Reader,
        reason: &str,
        escalation: Option<EscalationId>,
    ) -> Result<(), Failure> {
        let event = recovery(&self.alert.alert_key(), reason, Timestamp::now());
        let closed = handoff::hand_over(&self.settings, &event).map_err(|error| error.to_string());
        let closed = closed.and_then(|_| match escalation {
            Some(id) => wait_until_over(store, id).map_err(|error| error.to_string()),
            None => Ok(()),
        });
        closed.map_err(|error| {
            Failure::World(format!(
                "the test alert could not be closed ({error}); people are called for it until somebody presses 1, or \
                 until `rinban test-call` runs again"
            ))
        })
    }
}

fn escalation_of(store: &mut Reader, key: &AlertKey) -> Result<Option<EscalationId>, Failure> {
    let escalations = store.escalations(NEWEST)?;
    let ours = escalations.iter().find(|each| each.headline.alert == *key);
    Ok(ours.map(|escalation| escalation.id))
}

fn wait_until_over(store: &mut Reader, id: EscalationId) -> Result<(), Failure> {
    let begun = Instant::now();
    while begun.elapsed() < CORE_TAKES {
        if store
            .escalation(id)?
            .is_none_or(|escalation| escalation.is_over())
        {
            return Ok(());
        }
        thread::sleep(LOOK_EVERY);
    }
    Err(Failure::World(format!(
        "the core has not closed escalation {id} within {} s; see its log",
        CORE_TAKES.as_secs()
    )))
}
