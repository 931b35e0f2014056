//! `rinban demo`: one night on call, with a real core and a simulated network, without account or configuration.
//!
//! In a terminal the spectator is the person whose phone rings. With `--auto`, or without a terminal, a written night runs
//! by itself and the command fails unless the journal says that it went just so.
//!
//! * `cast`: who is on call and what goes wrong; `words`: what the demo says;
//! * `stage`: runs the night; `judge`: whether it went as it should;
//! * `show`, `card`, `row`, `screen`, `night`: what is seen; `channel`: what the team reads; `hands`: the keyboard.

mod card;
mod cast;
mod channel;
mod hands;
mod judge;
mod night;
mod row;
mod screen;
mod show;
mod stage;
mod words;

use std::{
    io::{self, IsTerminal, Write},
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::net::TcpListener;

use super::Failure;
use crate::{
    escalation::{Entry, Escalation, EscalationId},
    node::Node,
    roster::Language,
    simulator::People,
    voice::PublicUrl,
};
use cast::{Cast, Place};
use channel::Channel;
use hands::Hands;
use judge::Account;
use night::Pace;
use screen::Screen;
use show::Show;
use stage::{Ending, Stage};
use words::Words;

/// Seconds of the night in a real second, if it runs by itself.
const FAST: f64 = 4.0;

/// How much faster it goes if nobody watches.
const HURRY: f64 = 8.0;

/// How long somebody works on the problem before it is over, if the night runs by itself; real time.
const WATCHED: Duration = Duration::from_secs(3);

/// The same if the person at the keyboard has taken it.
const WORK: Duration = Duration::from_secs(10);

/// How long a night that runs by itself may take; four times what it does take. Real time, at usual speed.
const LIMIT: Duration = Duration::from_secs(150);

/// How long no call may start once all is over; real time.
const SILENCE: Duration = Duration::from_millis(400);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Let the night run by itself, and fail unless the journal says that it went as written [default: without a terminal]
    #[arg(long)]
    auto: bool,
    /// The language of the demo and of its phones [default: as $LC_ALL or $LANG says, else en]
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// How many times as fast as usual, 0.25 to 20 [default: 1, without a terminal 8]
    #[arg(long, value_name = "N", value_parser = speed)]
    speed: Option<f64>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Lang {
    Ja,
    En,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok();
    speed
        .filter(|speed| (0.25..=20.0).contains(speed))
        .ok_or_else(|| "give a number from 0.25 to 20".to_owned())
}

/// What the terminal can do.
#[derive(Clone, Copy, Debug)]
struct Terminal {
    /// Whether lines can be drawn again.
    moves: bool,
    /// Whether somebody can press keys.
    types: bool,
    /// Whether colours are wanted (<https://no-color.org>).
    colours: bool,
}

impl Terminal {
    fn of_this_process() -> Self {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let moves = io::stdout().is_terminal() && !is_dumb;
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            moves,
            types: moves && io::stdin().is_terminal(),
            colours: moves && !no_color,
        }
    }
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    let terminal = Terminal::of_this_process();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::World(format!("cannot start: {error}")))?;
    runtime.block_on(demo(args, terminal, out))
}

async fn demo(args: &Args, terminal: Terminal, out: &mut dyn Write) -> Result<(), Failure> {
    let runs_by_itself = args.auto || !terminal.types;
    let hurry = args
        .speed
        .unwrap_or(if terminal.moves { 1.0 } else { HURRY });
    let pace = Pace {
        speed: if runs_by_itself { FAST * hurry } else { hurry },
        hurry,
    };
    let language = args
        .lang
        .map_or_else(language_of_this_process, Language::from);
    let cast = Cast::new(language);
    let people = if runs_by_itself {
        cast.by_script(&cast::script())
            .map_err(|error| Failure::World(error.to_string()))?
    } else {
        cast.by_hand()
    };
    let mut house = House::open(&cast, people, pace, runs_by_itself).await?;
    house.hands = if terminal.types {
        Some(Hands::on_keyboard()?)
    } else {
        None
    };
    let mut screen = Screen::new(out, terminal.colours);
    if terminal.moves {
        screen.animate(terminal.types)?;
    }
    let mut show = Show::new(screen, Words(language), &cast, pace, runs_by_itself);
    house.night(&mut show, &cast, pace, runs_by_itself).await
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Ja => Self::Ja,
            Lang::En => Self::En,
        }
    }
}

/// POSIX: `LC_ALL` overrules `LC_MESSAGES`, which overrules `LANG`; an empty one is as good as none.
fn language_of_this_process() -> Language {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(std::env::var_os)
        .find(|value| !value.is_empty());
    if set.is_some_and(|value| value.to_string_lossy().starts_with("ja")) {
        Language::Ja
    } else {
        Language::En
    }
}

/// A core in a temporary directory, with the channel that it tells and the keyboard that plays the people.
struct House {
    node: Node,
    channel: Channel,
    hands: Option<Hands>,
    place: Place,
    /// Removed when the demo ends.
    _state: TempDir,
}

impl House {
    async fn open(
        cast: &Cast,
        people: People,
        pace: Pace,
        runs_by_itself: bool,
    ) -> Result<Self, Failure> {
        let world = |what: &str, error: io::Error| Failure::World(format!("{what}: {error}"));
        let no_port = |error| world("cannot listen on loopback", error);
        let state = tempfile::Builder::new()
            .prefix("rinban-demo-")
            .tempdir()
            .map_err(|error| world("cannot make a temporary directory", error))?;
        let channel = Channel::open().await.map_err(no_port)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(no_port)?;
        let listen = listener.local_addr().map_err(no_port)?;
        let place = Place {
            listen,
            public_url: PublicUrl::parse(&format!("http://{listen}"))
                .map_err(|error| Failure::World(error.to_string()))?,
            state_dir: state.path().to_owned(),
            channel_url: channel.url(),
            // A machine that presses nothing is dull to hear thrice.
            readings: if runs_by_itself { 1 } else { 3 },
        };
        let node = Node::start_on(listener, cast.config(&place, pace), Some(people))
            .await
            .map_err(|error| Failure::World(error.to_string()))?;
        Ok(Self {
            node,
            channel,
            hands: None,
            place,
            _state: state,
        })
    }

    /// The night and the verdict on it.
    async fn night(
        self,
        show: &mut Show<'_>,
        cast: &Cast,
        pace: Pace,
        runs_by_itself: bool,
    ) -> Result<(), Failure> {
        let network = self
            .node
            .network()
            .ok_or_else(|| Failure::World("the core runs without its simulated network".into()))?;
        let mut stage = Stage {
            node: &self.node,
            network,
            events: network.events(),
            channel: self.channel,
            hands: self.hands,
            cast,
            handoff: self.place.handoff(),
            work: pace.reading(if runs_by_itself { WATCHED } else { WORK }),
            limit: runs_by_itself.then(|| Instant::now() + LIMIT.div_f64(pace.hurry.min(1.0))),
        };
        show.introduce()?;
        let ending = stage.play(show, pace).await?;
        if ending == Ending::Stopped {
            show.stopped()?;
        } else {
            tokio::time::sleep(SILENCE).await;
        }
        let calls = network.snapshot().calls.len();
        drop(stage);
        let (journal, stored) = read(&self.node).await?;
        self.node.stop().await;
        match ending {
            Ending::Stopped if runs_by_itself => Err(Failure::World(
                "the demo was stopped before its journal could be checked".to_owned(),
            )),
            Ending::Stopped => Ok(()),
            Ending::Over | Ending::TooLate => {
                let script = runs_by_itself.then(|| turns(cast));
                verdict(show, &journal, stored.as_ref(), script.as_deref(), calls)
            }
        }
    }
}

/// The journal of the newest run, and its state as it is stored.
async fn read(node: &Node) -> Result<(Vec<Entry>, Option<Escalation>), Failure> {
    let newest = node.store().escalations(1).await?.pop();
    let id = newest.map_or(EscalationId(1), |escalation| escalation.id);
    let journal = node.store().journal(id).await?;
    Ok((journal, node.store().escalation(id).await?))
}

fn turns(cast: &Cast) -> Vec<judge::Turn> {
    let names = cast.people.iter().map(|person| person.name.clone());
    names
        .zip(cast::script().into_iter().map(|part| part.ends))
        .collect()
}

/// `calls`: how many calls the network has carried.
fn verdict(
    show: &mut Show<'_>,
    journal: &[Entry],
    stored: Option<&Escalation>,
    script: Option<&[judge::Turn]>,
    calls: usize,
) -> Result<(), Failure> {
    let mut faults = match script {
        Some(script) => judge::faults_of_script(journal, stored, script),
        None => judge::faults(journal, stored),
    };
    let account = Account::of(journal);
    if calls != account.calls.len() {
        faults.push(format!(
            "the network has carried {calls} calls, the journal knows of {}",
            account.calls.len()
        ));
    }
    if faults.is_empty() {
        show.summarize(&account)?;
        return Ok(());
    }
    let lines = journal.iter().map(Entry::to_string);
    show.plainly(lines.flat_map(|entry| entry.lines().map(str::to_owned).collect::<Vec<_>>()))?;
    Err(Failure::World(format!(
        "the night did not go as it should; its journal is above:\n  {}",
        faults.join("\n  ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_that_nobody_can_follow_is_refused() {
        for (text, expected) in [
            ("1", Some(1.0)),
            ("0.25", Some(0.25)),
            ("20", Some(20.0)),
            ("0.2", None),
            ("21", None),
            ("NaN", None),
            ("fast", None),
        ] {
            assert_eq!(speed(text).ok(), expected, "{text}");
        }
    }
}
