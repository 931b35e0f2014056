//! Systems that place their calls themselves. The suite stands in for the carrier's REST API; each case triggers an event, waits until the
//! system has placed a call for it, and plays that call with the addresses that came with it.

mod action;
mod api;
mod book;

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{net::TcpListener, sync::Notify, time::timeout};

use super::{case::Stop, line::Line};
use crate::twilio::{Webhook, wire::Wire};
pub use action::Action;
use book::Book;

/// How many calls are left open for one case. Systems do not call one person twice at the same time.
const MOST_OPEN: usize = 4;

/// A system that places calls at our API.
#[derive(Debug)]
pub struct Outbound {
    board: Arc<Board>,
    trigger: Action,
    settle: Option<Action>,
    wire: Wire,
    token: SecretString,
    patience: Duration,
    run: String,
    events: Cell<u64>,
    open: RefCell<Vec<(String, Line)>>,
}

/// What API and cases share.
#[derive(Debug)]
struct Board {
    book: std::sync::Mutex<Book>,
    placed: Notify,
    /// Why the last request was refused, and how many were.
    refused: std::sync::Mutex<(usize, String)>,
}

impl Board {
    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, (usize, String)> {
        self.refused
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Outbound {
    /// Serves the API on an address.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn serve(
        address: SocketAddr,
        trigger: Action,
        settle: Option<Action>,
        wire: Wire,
        token: SecretString,
        patience: Duration,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let board = Arc::new(Board {
            book: std::sync::Mutex::new(Book::new(fastrand::u64(..))),
            placed: Notify::new(),
            refused: std::sync::Mutex::default(),
        });
        api::serve(listener, Arc::clone(&board), token.clone());
        Ok(Self {
            board,
            trigger,
            settle,
            wire,
            token,
            patience,
            run: format!("{:016x}", fastrand::u64(..)),
            events: Cell::default(),
            open: RefCell::default(),
        })
    }

    /// Triggers an event and waits for its call.
    ///
    /// # Errors
    /// The trigger fails, or no call comes of it.
    pub async fn place(&self, case: &str) -> Result<Line, Stop> {
        if self.open.borrow().len() >= MOST_OPEN {
            let oldest = self.open.borrow_mut().remove(0);
            self.close(oldest).await;
        }
        let before = self.board.book().calls().len();
        let number = self.events.get();
        self.events.set(number + 1);
        let event = format!("conformance-{}-{number}", self.run);
        self.trigger
            .run("trigger", case, &event, number, &self.wire)
            .await
            .map_err(|error| Stop::fail("the trigger of --trigger succeeds", error))?;
        let line = self.placed_since(before).await?;
        self.open.borrow_mut().push((event, line.clone()));
        Ok(line)
    }

    async fn placed_since(&self, before: usize) -> Result<Line, Stop> {
        let wait = async {
            loop {
                let placed = self.board.placed.notified();
                if let Some(call) = self.board.book().calls().get(before) {
                    return call.line.clone();
                }
                placed.await;
            }
        };
        timeout(self.patience, wait).await.map_err(|_| {
            let mut actual = format!("no call was placed at the API within {:?}", self.patience);
            if let (refused @ 1.., why) = &*self.board.refused() {
                let requests = if *refused == 1 { "request" } else { "requests" };
                actual += &format!(", which has refused {refused} {requests}: {why}");
            }
            Stop::fail("a call for the event that was triggered", actual)
        })
    }

    /// Ends what a case has left: events are settled, and calls are over, those too that nobody has played.
    pub async fn settle(&self) {
        let open = std::mem::take(&mut *self.open.borrow_mut());
        for line in open {
            self.close(line).await;
        }
        let unplayed = self.board.book().open();
        for line in unplayed {
            self.end(&line, "no-answer").await;
        }
    }

    /// The order matters: a call that ends before its event does makes the system call the next person.
    async fn close(&self, (event, line): (String, Line)) {
        if let Some(settle) = &self.settle {
            // What fails here shows in the next case, as a call that is not placed.
            let _ = settle.run("settle", "", &event, 0, &self.wire).await;
        }
        self.end(&line, "completed").await;
    }

    /// Tells the system that a call is over.
    async fn end(&self, line: &Line, status: &str) {
        self.board.book().end(&line.facts.call_sid, status);
        if let Some(target) = &line.status {
            let token = format!("{:032x}", fastrand::u128(..));
            let form = line.facts.parameters(status);
            let webhook = Webhook::new(target.method, target.address.clone(), form, &token);
            let signed = webhook.sign(self.token.expose_secret());
            self.wire.deliver(&signed.request).await;
        }
    }
}
