//! The running network.

mod messaging;

pub use messaging::InboundUrlError;

use std::{
    fmt,
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{net::TcpListener, sync::broadcast, task::JoinSet};

use super::{
    api,
    book::{Book, Touch},
    clock::Clock,
    faults::{Fault, Faults, Mischief},
    fields::Endpoint,
    line::Line,
    order::Order,
    people::{Behaviour, People, is_key},
    record::{Happening, NetworkEvent, Snapshot, Status},
    webhook::Courier,
};

/// How many events a slow listener may be behind before it loses the oldest.
const EVENTS_KEPT: usize = 4_096;

/// How a network is set up.
#[derive(Clone)]
pub struct Options {
    /// Where the REST API listens; port 0 takes any.
    pub listen: SocketAddr,
    /// `AC` and 32 hex digits.
    pub account_sid: String,
    /// Authenticates requests and signs webhooks.
    pub auth_token: String,
    /// Simulated seconds in a real second: 1.0 is real time.
    pub speed: f64,
    /// Who does what when the phone rings, and with messages.
    pub people: People,
    /// What goes wrong.
    pub faults: Faults,
    /// How many finished calls are remembered, and how many messages of which nothing more is to come.
    pub remembered: usize,
}

impl Default for Options {
    /// Any port of loopback, a new account with a new token, real time, everybody takes the alert, nothing goes wrong.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            account_sid: format!("AC{}", random_hex()),
            auth_token: random_hex(),
            speed: 1.0,
            people: People::default(),
            faults: Faults::default(),
            remembered: 2_000,
        }
    }
}

impl fmt::Debug for Options {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("listen", &self.listen)
            .field("account_sid", &self.account_sid)
            .field("speed", &self.speed)
            .field("people", &self.people)
            .field("faults", &self.faults)
            .field("remembered", &self.remembered)
            .finish_non_exhaustive()
    }
}

/// Why a network could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nothing can run at this speed.
    #[error("the speed of the simulated network is {0}; give a number above 0, 1.0 for real time")]
    Speed(f64),
    /// The address is taken or not ours.
    #[error(
        "the simulated network cannot listen on {address}; give another address, or port 0 for any"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The HTTP client could not be built.
    #[error("the HTTP client of the simulated network cannot be built")]
    Client(#[source] reqwest::Error),
}

/// A phone network that runs until it is dropped; then its calls end without another word.
pub struct Network {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// What the tasks of a network share.
pub(super) struct Shared {
    pub(super) account_sid: String,
    pub(super) auth_token: String,
    pub(super) clock: Clock,
    pub(super) mischief: Mischief,
    pub(super) courier: Courier,
    people: Mutex<People>,
    book: Mutex<Book>,
    /// Where messages from people are told.
    inbound: Mutex<Option<Endpoint>>,
    /// What is left on the account, in US dollars.
    balance: Mutex<f64>,
    events: broadcast::Sender<NetworkEvent>,
    /// None when the network has stopped.
    tasks: Mutex<Option<JoinSet<()>>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Network {
    /// Starts a network in the current tokio runtime.
    ///
    /// # Errors
    /// The speed or the address are unusable.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let clock = Clock::new(options.speed).ok_or(StartError::Speed(options.speed))?;
        let listen_error = |source| StartError::Listen {
            address: options.listen,
            source,
        };
        let listener = TcpListener::bind(options.listen)
            .await
            .map_err(listen_error)?;
        let address = listener.local_addr().map_err(listen_error)?;
        let shared = Arc::new(Shared {
            courier: Courier::new(&options.auth_token).map_err(StartError::Client)?,
            account_sid: options.account_sid,
            auth_token: options.auth_token,
            clock,
            mischief: Mischief::new(options.faults),
            people: Mutex::new(options.people),
            book: Mutex::new(Book::new(options.remembered)),
            inbound: Mutex::new(None),
            balance: Mutex::new(messaging::FIRST_BALANCE),
            events: broadcast::channel(EVENTS_KEPT).0,
            tasks: Mutex::new(Some(JoinSet::new())),
        });
        let server = api::serve(listener, Arc::clone(&shared));
        shared.spawn(server);
        Ok(Self { shared, address })
    }

    /// The address of the REST API, in place of `https://api.twilio.com`; without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The account that may place calls.
    pub fn account_sid(&self) -> &str {
        &self.shared.account_sid
    }

    /// The account's token.
    pub fn auth_token(&self) -> &str {
        &self.shared.auth_token
    }

    /// Everything that happens from now on. Whoever falls more than 4,096 events behind loses the oldest.
    pub fn events(&self) -> broadcast::Receiver<NetworkEvent> {
        self.shared.events.subscribe()
    }

    /// All calls and messages as they are now.
    pub fn snapshot(&self) -> Snapshot {
        self.shared.book().snapshot()
    }

    /// Presses keys on the phone of a number, one after another; picks it up first if it rings.
    ///
    /// False if there is no call to it, or something is no key.
    pub fn press(&self, number: &str, keys: &str) -> bool {
        let book = self.shared.book();
        let Some(call) = book
            .live(number)
            .filter(|_| !keys.is_empty() && keys.chars().all(is_key))
        else {
            return false;
        };
        keys.chars().all(|key| call.touch(Touch::Key(key)))
    }

    /// Picks up the phone of a number. False if there is no call to it.
    pub fn pick_up(&self, number: &str) -> bool {
        self.shared
            .book()
            .live(number)
            .is_some_and(|call| call.touch(Touch::PickUp))
    }

    /// Hangs up, or declines if it only rings, which the caller hears as busy. False if there is no call to it that could.
    pub fn hang_up(&self, number: &str) -> bool {
        let call = self
            .shared
            .book()
            .live(number)
            .map(|call| (call.record.sid.clone(), call.record.status));
        let Some((sid, status)) = call else {
            return false;
        };
        let end = match status {
            Status::Ringing => Status::Busy,
            Status::InProgress => Status::Completed,
            _ => return false,
        };
        self.shared.tell(&sid, number, Happening::HungUp);
        self.shared.end(&sid, end).is_some()
    }

    /// Changes what a number does from its next call on: the list is used call by call, counted from the number's first
    /// call, the last for ever.
    pub fn change(&self, number: &str, behaviours: Vec<Behaviour>) {
        let mut people = lock(&self.shared.people);
        *people = people.clone().with(number, behaviours);
    }

    /// Lets something go wrong once, at the next occasion for it.
    pub fn inject(&self, fault: Fault) {
        self.shared.mischief.add(fault);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // Dropping the set stops its tasks, the server among them.
        lock(&self.shared.tasks).take();
    }
}

impl Shared {
    /// Runs something until it is done or the network is dropped.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = lock(&self.tasks).as_mut() {
            while tasks.try_join_next().is_some() {}
            tasks.spawn(task);
        }
    }

    /// Places a call; its name.
    pub(super) fn place(self: &Arc<Self>, order: Order) -> String {
        let sid = format!("CA{}", random_hex());
        let order = Arc::new(order);
        let ends = self.book().place(&sid, &order, Timestamp::now());
        self.tell(&sid, &order.to, Happening::Placed);
        Line::start(self, order, sid.clone(), ends);
        sid
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        lock(&self.book)
    }

    pub(super) fn behaviour(&self, number: &str, nth: u32) -> Behaviour {
        lock(&self.people).behaviour(number, nth)
    }

    /// See [`Book::advance`].
    pub(super) fn advance(&self, sid: &str, status: Status) -> bool {
        self.book().advance(sid, status, Timestamp::now())
    }

    /// See [`Book::end`].
    pub(super) fn end(&self, sid: &str, status: Status) -> Option<Status> {
        self.book().end(sid, status, Timestamp::now())
    }

    pub(super) fn note_talked(&self, sid: &str, talked: Duration) {
        if let Some(entry) = self.book().get_mut(sid) {
            entry.record.talked = talked;
        }
    }

    /// Records an event and tells whoever listens.
    pub(super) fn tell(&self, sid: &str, number: &str, what: Happening) {
        self.book().note(sid, &what);
        let event = NetworkEvent {
            at: Timestamp::now(),
            call: sid.to_owned(),
            number: number.to_owned(),
            what,
        };
        // It fails only if nobody listens.
        let _ = self.events.send(event);
    }
}

/// Every change of what is locked here is whole before anything can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// 32 hex digits that nobody can guess.
pub(super) fn random_hex() -> String {
    let mut bytes = [0; 16];
    // The system's source does not fail on any system that this runs on; if it did, a guessable name would still be a name.
    if getrandom::fill(&mut bytes).is_err() {
        fastrand::fill(&mut bytes);
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
