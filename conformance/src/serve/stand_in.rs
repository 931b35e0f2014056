//! A running stand-in, and what its parts share.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use tokio::{net::TcpListener, task::JoinSet, time::Instant};

use super::{
    book::{self, Book, Tally, Touch},
    clock::Clock,
    courier::Courier,
    faults::{Faults, Planned},
    journal::{Journal, What},
    line,
    options::Options,
    order::{CallOrder, MessageOrder},
    people::People,
    port::{self, Shutter},
    record::{CallRecord, MessageRecord},
    sms,
};
use crate::twilio::wire::TlsError;

/// Why a stand-in cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is not free, or not ours.
    #[error("cannot listen on {address}: {error}; choose another address with {flag}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The flag that says so.
        flag: &'static str,
        /// Why.
        error: io::Error,
    },
    /// No certificates.
    #[error("{0}; give a file of certificates with --ca")]
    Trust(#[from] TlsError),
    /// No certificate of our own could be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
}

/// A stand-in for Twilio. Dropped, it ends: its port closes, its calls stop where they are.
#[derive(Debug)]
pub struct StandIn {
    shared: Arc<Shared>,
    address: SocketAddr,
    tls_address: Option<SocketAddr>,
    _tasks: JoinSet<()>,
}

/// What all parts share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) address: SocketAddr,
    pub(super) clock: Clock,
    pub(super) courier: Courier,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    pub(super) shutter: Shutter,
    pub(super) in_flight: AtomicUsize,
    book: Mutex<Book>,
    /// When the next call may be dialled.
    next_dial: Mutex<Instant>,
    tasks: Mutex<JoinSet<()>>,
    sids: AtomicUsize,
}

impl StandIn {
    /// Starts to listen.
    ///
    /// # Errors
    /// A port or a file of certificates that cannot be used.
    pub async fn start(mut options: Options) -> Result<Self, StartError> {
        let listener = listen(options.listen, "--listen").await?;
        let address = listener.local_addr().map_err(listening(options.listen))?;
        let (shutter, closing) = port::shutter();
        let mut tasks = JoinSet::new();
        let tls_address = match options.listen_tls {
            Some(wanted) => {
                let listener = listen(wanted, "--listen-tls").await?;
                let address = listener.local_addr().map_err(listening(wanted))?;
                let stranger = port::tls::Stranger::new().map_err(StartError::Certificate)?;
                tasks.spawn(stranger.serve(listener));
                Some(address)
            }
            None => None,
        };
        let plan = std::mem::take(&mut options.plan);
        let rates = std::mem::take(&mut options.rates);
        let shared = Arc::new(Shared {
            address,
            clock: Clock::new(options.speed),
            courier: Courier::new(&options)?,
            faults: Faults::new(plan, options.seed, rates),
            journal: Journal::new(options.kept, options.is_printed),
            shutter,
            in_flight: AtomicUsize::new(0),
            book: Mutex::default(),
            next_dial: Mutex::new(Instant::now()),
            tasks: Mutex::default(),
            sids: AtomicUsize::new(1),
            options,
        });
        let answers = Arc::clone(&shared);
        tasks.spawn(async move {
            if let Err(error) = port::serve(listener, answers, closing).await {
                eprintln!("conformance serve: the port is lost: {error}");
            }
        });
        Ok(Self {
            shared,
            address,
            tls_address,
            _tasks: tasks,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for TLS.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls_address
    }

    /// What a client is given in the place of `https://api.twilio.com`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What happened.
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// All calls, oldest first.
    pub fn calls(&self) -> Vec<CallRecord> {
        let book = self.shared.book();
        let mut calls: Vec<_> = book.calls().map(|entry| entry.record.clone()).collect();
        calls.reverse();
        calls
    }

    /// All messages, oldest first.
    pub fn messages(&self) -> Vec<MessageRecord> {
        let book = self.shared.book();
        let mut messages: Vec<_> = book.messages().cloned().collect();
        messages.reverse();
        messages
    }

    /// What was seen of each number.
    pub fn numbers(&self) -> BTreeMap<String, Tally> {
        self.shared.book().numbers().clone()
    }

    /// Has something go wrong.
    pub fn plan(&self, fault: Planned) {
        self.shared.faults.plan(fault);
    }

    /// Has the port refuse connections for a while.
    pub fn close(&self, lasts: Duration) {
        self.shared.close(lasts);
    }

    /// Presses keys in the live call to a number; a phone that still rings is picked up by it. False if there is none.
    pub fn press(&self, number: &str, keys: &str) -> bool {
        self.shared.touch(number, Touch::Keys(keys.to_owned()))
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // Tasks hold what they share, which holds the tasks: they have to be told.
        self.shared.stop();
    }
}

async fn listen(address: SocketAddr, flag: &'static str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| StartError::Listen {
            address,
            flag,
            error,
        })
}

fn listening(address: SocketAddr) -> impl Fn(io::Error) -> StartError {
    move |error| StartError::Listen {
        address,
        flag: "--listen",
        error,
    }
}

impl Shared {
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A name that no call and no message has had: random, but for a number in it that never repeats.
    pub(super) fn sid(&self, kind: &str) -> String {
        let number = self.sids.fetch_add(1, Ordering::Relaxed);
        format!("{kind}{number:08x}{:024x}", fastrand::u128(..1 << 96))
    }

    /// Accepts a call: it is queued, and then carried.
    pub(super) fn place(self: &Arc<Self>, order: CallOrder) -> CallRecord {
        let sid = self.sid("CA");
        let waits = self.queue();
        let mut record = book::new_call(sid, &order, Timestamp::now());
        record.queue_time = waits;
        let ends = self.book().call(record.clone());
        self.journal.write(
            Some(&record.sid),
            What::Status {
                status: record.status.as_str(),
                to: record.to.clone(),
            },
            None,
        );
        line::start(self, order, record.sid.clone(), waits, ends);
        record
    }

    /// Accepts a message.
    pub(super) fn send(self: &Arc<Self>, order: MessageOrder) -> MessageRecord {
        let record = book::new_message(self.sid("SM"), &order, Timestamp::now());
        let nth = self.book().message(record.clone());
        sms::start(self, order, record.sid.clone(), nth);
        record
    }

    /// How long a new call waits until it may be dialled; phone time.
    fn queue(&self) -> Duration {
        let mut next = self
            .next_dial
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let at = (*next).max(now);
        let between = Duration::from_secs_f64(1.0 / self.options.calls_per_second);
        *next = at + self.clock.real(between);
        (at - now).mul_f64(self.options.speed)
    }

    /// Runs something until the stand-in ends or is reset.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    pub(super) fn close(&self, lasts: Duration) {
        let millis = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        self.journal.write(None, What::Outage { millis }, None);
        self.shutter.close(lasts);
    }

    pub(super) fn touch(&self, number: &str, touch: Touch) -> bool {
        let book = self.book();
        book.live(number).is_some_and(|entry| entry.touch(touch))
    }

    /// Calls and messages stop where they are.
    fn stop(&self) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.abort_all();
    }

    /// Forgets everything but the options.
    pub(super) fn reset(&self) {
        self.stop();
        *self.book() = Book::default();
        *self
            .next_dial
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.faults.reset();
        self.journal.reset();
    }

    pub(super) fn people(&self) -> &People {
        &self.options.people
    }
}
