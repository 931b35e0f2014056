//! A running core: everything wired together, from the state directory to the listening socket.

mod carriers;
mod monitors;

use std::{
    collections::{BTreeMap, HashMap},
    io,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    net::TcpListener,
    runtime::Handle,
    sync::{mpsc, watch},
    task::JoinHandle,
    time::Instant,
};

use crate::{
    config::{Config, ProviderKind, Receiver, ReceiverKind, SimulatorConfig},
    engine::{
        Carriers, Engine, Parts,
        balances::Balances,
        beat::{self, Beat},
        heartbeats::{Heartbeats, Left},
        post::Post,
    },
    handoff::{CoreLock, LockError, Spool, SpoolError, SpoolReader, SpoolWatch, Starting},
    monitor::mackerel::Suspended,
    notice::{Sender, Slack, Webhook, delivery},
    provider::{self, Messenger},
    roster::Channel,
    server::{self, Caller, Door, Rim, Tally},
    simulator::{InboundUrlError, Network, Options, People, PeopleError, StartError},
    store::{NoticeId, Snapshot, Store, StoreError},
    voice::{Links, TokenKey, Voice},
};

/// How many spooled events are taken at once.
const SPOOL_BATCH: usize = 512;

/// How long requests under way may take once the core ends. Our own work takes milliseconds; who is slow sends again.
const PARTING: Duration = Duration::from_millis(1_500);

/// How long after a failure to store them spooled events are tried again.
const SPOOL_RETRY: Duration = Duration::from_secs(1);

/// A running core.
#[derive(Debug)]
pub struct Node {
    address: SocketAddr,
    engine: Engine,
    network: Option<Network>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    loop_task: JoinHandle<()>,
    spool: JoinHandle<()>,
    heartbeats: JoinHandle<()>,
    /// Nothing depends on these.
    background: Vec<JoinHandle<()>>,
    store: Store,
    lock: CoreLock,
}

/// Why a core does not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// The store can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The spool can't be read.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// Another core runs, or the lock can't be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The address is taken, or not ours.
    #[error(
        "cannot listen on {address}: {source}; stop what listens there or change `server.listen`"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The simulated network does not start.
    #[error(transparent)]
    Network(#[from] StartError),
    /// The simulated network cannot tell us what people write.
    #[error("`server.public_url`: {0}")]
    Inbound(#[from] InboundUrlError),
    /// The simulated network's people are described wrongly.
    #[error("[simulator.people]: {0}")]
    People(#[from] PeopleError),
    /// No HTTP client can be built.
    #[error(transparent)]
    Client(#[from] provider::ClientError),
}

impl Node {
    /// Binds the configured address and starts there.
    pub async fn start(config: Config) -> Result<Self, NodeError> {
        let address = config.server.listen;
        let listener = TcpListener::bind(address).await.map_err(|source| {
            // What listens there is most likely the core of this state directory, which a plugin may have started.
            match CoreLock::begin(&config.state_dir) {
                Err(error @ LockError::AlreadyRunning { .. }) => NodeError::Lock(error),
                _ => NodeError::Listen { address, source },
            }
        })?;
        Self::start_on(listener, config, None).await
    }

    /// Starts on a socket that is bound already, perhaps with other people than the configuration has for the simulated
    /// network. Returns when the core reads the spool and answers webhooks.
    pub async fn start_on(
        listener: TcpListener,
        config: Config,
        people: Option<People>,
    ) -> Result<Self, NodeError> {
        Self::start_over(listener, config, people, Store::open).await
    }

    /// Starts over a store that is opened in another way.
    pub async fn start_over(
        listener: TcpListener,
        config: Config,
        people: Option<People>,
        open: impl FnOnce(&Path) -> Result<(Store, Snapshot), StoreError>,
    ) -> Result<Self, NodeError> {
        let address = listener.local_addr().map_err(|source| NodeError::Listen {
            address: config.server.listen,
            source,
        })?;
        let starting = CoreLock::begin(&config.state_dir)?;
        let config = Arc::new(config);
        let (store, snapshot) = open(&config.state_dir)?;
        for row in &snapshot.unreadable {
            tracing::error!("a stored row can't be read and is left as it is: {row}");
        }
        let spool = SpoolReader::open(&config.handoff.spool)?;
        let network = simulated_network(&config, people).await?;
        let (carriers, dialects) = carriers::carriers(&config, network.as_ref())?;
        let links = Links::new(
            config.server.public_url.clone(),
            TokenKey::new(&snapshot.token_key),
        );
        bring_replies(network.as_ref(), &config, &links)?;
        let doors = monitors::doors(&config)?;
        let (notices, settled) = deliver_notices(&config)?;
        let (watches, readings) = monitors::watches(&config)?;
        let left = Left::of(&snapshot);
        let messengers = messengers(&config, &carriers);
        let purses = carriers::purses(&config, &carriers)?;
        let fetched = snapshot.marks.clone();
        let (engine, loop_task) = Engine::start(Parts {
            config: Arc::clone(&config),
            store: store.clone(),
            snapshot,
            carriers,
            links: links.clone(),
            notices,
            watches,
        });
        monitors::take_in(&engine, readings);
        tokio::spawn(report_settled(engine.clone(), settled));
        let rules = config
            .heartbeats
            .iter()
            .map(|heartbeat| heartbeat.rule.clone());
        let watched = Heartbeats::start(engine.clone(), rules.collect(), &left);
        let heartbeats = tokio::spawn(watched.clone().run());
        let suspended = Suspended::default();
        let mut background = monitors::watch_channels(&config, &suspended)?;
        background.extend(our_beat(&config, &engine)?.map(|beat| tokio::spawn(beat.run())));
        background.extend(look_after(&config, &engine, messengers, purses, &fetched));
        let rim = rim(&config, &engine, links, dialects, watched, suspended, doors);
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(server::serve(
            listener,
            Arc::new(rim),
            until(stopped.clone()),
        ));
        let (runtime, intake) = (Handle::current(), drain(spool, engine.clone(), stopped));
        let spool = tokio::task::spawn_blocking(move || runtime.block_on(intake));
        let lock = Starting::ready(starting)?;
        Ok(Self {
            address,
            engine,
            network,
            stop,
            server,
            loop_task,
            spool,
            heartbeats,
            background,
            store,
            lock,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The simulated network, if a provider is simulated.
    pub fn network(&self) -> Option<&Network> {
        self.network.as_ref()
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Waits until a part of the core ends by itself, which only a mistake of ours can bring about. What is on disk is
    /// safe, and the next core goes on with it.
    pub async fn breaks(&mut self) {
        tokio::select! {
            _ = &mut self.loop_task => {}
            _ = &mut self.server => {}
            _ = &mut self.spool => {}
            _ = &mut self.heartbeats => {}
        }
    }

    /// Ends in order: plugins stop relying on it, requests under way are answered, what was accepted is stored.
    pub async fn stop(mut self) {
        drop(self.lock);
        let _ = self.stop.send(true);
        self.heartbeats.abort();
        self.background.iter().for_each(JoinHandle::abort);
        let _ = self.spool.await;
        if tokio::time::timeout(PARTING, &mut self.server)
            .await
            .is_err()
        {
            self.server.abort();
        }
        self.engine.end().await;
        let _ = self.loop_task.await;
        drop(self.engine);
        self.store.close().await;
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the node is gone, which is a stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Takes what is spooled into the store, and wakes up for more, until the node stops. Then it looks once more: a plugin
/// may have relied on this core just before the lock was let go. Blocks on the disk, so it has a thread of its own.
async fn drain(spool: SpoolReader, engine: Engine, stopped: watch::Receiver<bool>) {
    let mut watch = SpoolWatch::new(spool.new_dir());
    let mut stop = Box::pin(until(stopped));
    let mut intake = Intake { spool, engine };
    loop {
        let wait = match intake.take().await {
            Taken::Some => Duration::ZERO,
            Taken::Nothing => Duration::MAX,
            Taken::Failed => SPOOL_RETRY,
        };
        tokio::select! {
            biased;
            () = &mut stop => break,
            () = watch.changed(), if wait == Duration::MAX => {}
            () = tokio::time::sleep(wait), if wait != Duration::MAX => {}
        }
    }
    while matches!(intake.take().await, Taken::Some) {}
}

/// The way from the spool into the store.
struct Intake {
    spool: SpoolReader,
    engine: Engine,
}

/// What came of a look into the spool.
enum Taken {
    Nothing,
    Some,
    Failed,
}

impl Intake {
    /// Stores what waits, a batch of it, then removes the files. What can't be stored stays in the spool.
    async fn take(&mut self) -> Taken {
        let (events, claims): (Vec<_>, Vec<_>) = match self.spool.claim(SPOOL_BATCH) {
            Ok(claimed) if claimed.is_empty() => return Taken::Nothing,
            Ok(claimed) => claimed.into_iter().unzip(),
            Err(error) => {
                tracing::error!("{error}");
                return Taken::Failed;
            }
        };
        match self.engine.accept(events).await {
            Ok(_) => {
                self.spool.remove(claims);
                Taken::Some
            }
            Err(error) => {
                tracing::error!("spooled events wait, they could not be stored: {error}");
                self.spool.release(claims);
                Taken::Failed
            }
        }
    }
}

async fn report_settled(engine: Engine, mut settled: mpsc::UnboundedReceiver<NoticeId>) {
    while let Some(id) = settled.recv().await {
        engine.settled(id).await;
    }
}

type Notices = mpsc::UnboundedSender<(NoticeId, crate::notice::Notice)>;

/// Starts the delivery of notices.
fn deliver_notices(
    config: &Config,
) -> Result<(Notices, mpsc::UnboundedReceiver<NoticeId>), NodeError> {
    let mut receivers = BTreeMap::new();
    for receiver in &config.receivers {
        receivers.insert(receiver.name.clone(), sender(receiver)?);
    }
    for monitor in &config.monitors {
        receivers.insert(monitor.receiver(), monitors::writer(config, monitor)?);
    }
    let (notices, waiting) = mpsc::unbounded_channel();
    let (report, settled) = mpsc::unbounded_channel();
    tokio::spawn(delivery::run(receivers, waiting, report, Timestamp::now));
    Ok((notices, settled))
}

fn sender(receiver: &Receiver) -> Result<Arc<dyn Sender>, NodeError> {
    let (ReceiverKind::Slack { url } | ReceiverKind::Webhook { url }) = &receiver.kind;
    let client = provider::client_for(url.expose_secret())?;
    let (url, language) = (url.clone(), receiver.language);
    Ok(match &receiver.kind {
        ReceiverKind::Slack { .. } => Arc::new(Slack::new(url, language, client)),
        ReceiverKind::Webhook { .. } => Arc::new(Webhook::new(url, language, client)),
    })
}

/// What people of the simulated network write goes to the first provider of messages there, unless nothing reaches us.
fn bring_replies(
    network: Option<&Network>,
    config: &Config,
    links: &Links,
) -> Result<(), NodeError> {
    let mut providers = config.providers.iter();
    let first = providers.find(|provider| {
        matches!(provider.kind, ProviderKind::Simulated) && provider.carries(Channel::Sms)
    });
    match (network, first) {
        (Some(network), Some(provider)) if !config.server.is_outbound_only => {
            Ok(network.set_inbound_url(&links.inbound(&provider.name))?)
        }
        _ => Ok(()),
    }
}

/// Starts the simulated network if a provider needs it.
async fn simulated_network(
    config: &Config,
    people: Option<People>,
) -> Result<Option<Network>, NodeError> {
    let simulated = config
        .providers
        .iter()
        .any(|provider| matches!(provider.kind, ProviderKind::Simulated));
    if !simulated {
        return Ok(None);
    }
    let SimulatorConfig {
        speed,
        people: described,
    } = &config.simulator;
    let people = match people {
        Some(people) => people,
        None => People::parse(described)?,
    };
    let options = Options {
        speed: *speed,
        people,
        ..Options::default()
    };
    Ok(Some(Network::start(options).await?))
}

/// The carriers of messages.
fn messengers(config: &Config, carriers: &Carriers) -> Vec<Arc<dyn Messenger>> {
    let names = config.providers.iter().map(|provider| &provider.name);
    let messengers = names.filter_map(|name| carriers.get(name)?.sms.clone());
    messengers.collect()
}

/// Asks carriers for balances and, where no webhook reaches us, for what people wrote.
fn look_after(
    config: &Config,
    engine: &Engine,
    messengers: Vec<Arc<dyn Messenger>>,
    purses: Vec<carriers::Purse>,
    marks: &BTreeMap<String, String>,
) -> Vec<JoinHandle<()>> {
    let mut tasks = Vec::new();
    for (carrier, low) in purses {
        let balances = Balances {
            engine: engine.clone(),
            carrier,
            low,
        };
        tasks.push(tokio::spawn(balances.run()));
    }
    let messengers = messengers.into_iter();
    for carrier in messengers.filter(|_| config.server.is_outbound_only) {
        let mark = marks.get(&Post::mark(carrier.name().as_str()));
        let post = Post {
            engine: engine.clone(),
            fetched: mark.and_then(|mark| mark.parse().ok()),
            carrier,
        };
        tasks.push(tokio::spawn(post.run()));
    }
    tasks
}

/// Our own heartbeat, if it goes anywhere.
fn our_beat(config: &Config, engine: &Engine) -> Result<Option<Beat>, NodeError> {
    let Some(url) = config.server.heartbeat_url.clone() else {
        return Ok(None);
    };
    let client = provider::client_for(url.expose_secret())?;
    Ok(Some(Beat {
        url,
        client,
        engine: engine.clone(),
        spool: config.handoff.spool.clone(),
        every: beat::EVERY,
    }))
}

fn rim(
    config: &Config,
    engine: &Engine,
    links: Links,
    dialects: carriers::Dialects,
    heartbeats: Heartbeats,
    suspended: Suspended,
    sources: Vec<Door>,
) -> Rim {
    let overrides = config
        .providers
        .iter()
        .filter_map(|provider| match &provider.kind {
            ProviderKind::Twilio(twilio) => {
                Some((provider.name.clone(), twilio.connection_overrides.clone()))
            }
            _ => None,
        });
    let languages = config
        .members
        .values()
        .map(|member| (member.name.clone(), member.language));
    Rim {
        engine: engine.clone(),
        voice: Voice::new(config.templates.clone()),
        links,
        dialects,
        connection_overrides: overrides.collect(),
        languages: languages.collect(),
        heartbeats,
        suspended,
        heartbeat_secrets: heartbeat_secrets(config),
        callers: config.server.api_keys.iter().map(Caller::new).collect(),
        sources,
        tally: Tally::default(),
        trusted_proxies: config.server.trusted_proxies.clone(),
        spool: Spool::new(&config.handoff.spool),
        started: Instant::now(),
    }
}

fn heartbeat_secrets(config: &Config) -> HashMap<String, SecretString> {
    let secrets = config.heartbeats.iter().filter_map(|heartbeat| {
        let name = heartbeat.rule.name.to_string();
        Some((name, heartbeat.secret.clone()?))
    });
    secrets.collect()
}
