//! `conformance serve`: a stand-in for Twilio's REST API, at which anybody's client can be pointed. It accepts calls and
//! messages, dials people who do as a script says, plays the TwiML that it fetches, sends signed callbacks, and does
//! what the real one does on its worst days, by plan or by chance. In reading order:
//!
//! * [`options`]: what it is to be; [`args`] reads that from the command line;
//! * [`stand_in`]: a running one, and what its parts share;
//! * `port` and `port/stream`: connections that can be spoiled below HTTP; `door`: requests, read to their end;
//! * `rest`, [`order`], [`refusal`]: the API, what is ordered by it, and its errors; `control`: the API for tests;
//! * `book`, [`record`], [`journal`]: what is known, and what happened;
//! * [`faults`]: what goes wrong; [`people`]: who does what;
//! * `line`, `talk`, `teller`, `sms`, `courier`: a call's life, its conversation, its callbacks; messages; webhooks.
//!
//! It carries calls by itself and not by the core's own simulator, as two sides of a protocol share no code where their
//! agreement is what is shown.

mod args;
mod book;
mod clock;
mod control;
mod courier;
mod door;
pub mod faults;
pub mod form;
pub mod journal;
mod line;
pub mod options;
pub mod order;
pub mod people;
mod port;
pub mod record;
pub mod refusal;
pub mod rest;
mod sms;
mod stand_in;
mod talk;
mod teller;

pub use args::Args;
pub use options::Options;
pub use stand_in::{StandIn, StartError};

use std::io::Write as _;

use tokio::signal::unix::{SignalKind, signal};

use crate::status::Status;

/// Runs it until it is interrupted.
pub fn main(args: Args) -> Status {
    let options = match args.options(&|name| std::env::var(name).ok()) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("conformance serve: {error}");
            return Status::Usage;
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(run(options)),
        Err(error) => {
            eprintln!("conformance serve: {error}");
            Status::Internal
        }
    }
}

async fn run(options: Options) -> Status {
    let stand_in = match StandIn::start(options).await {
        Ok(stand_in) => stand_in,
        Err(error) => {
            eprintln!("conformance serve: {error}");
            return Status::Usage;
        }
    };
    // Before anybody can know that there is something to end.
    let signals = signal(SignalKind::interrupt()).and_then(|interrupt| {
        let terminate = signal(SignalKind::terminate())?;
        Ok((interrupt, terminate))
    });
    // Whoever starts it waits for this line. If nobody reads it, it serves all the same.
    let mut out = std::io::stdout();
    let _ = writeln!(out, "conformance serve is ready on {}", stand_in.base_url());
    if let Some(address) = stand_in.tls_address() {
        let _ = writeln!(
            out,
            "and with a certificate that fits nobody on https://{address}"
        );
    }
    let _ = out.flush();
    match signals {
        Ok((mut interrupt, mut terminate)) => {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        }
        // Without a handler a signal ends the process all the same.
        Err(_) => std::future::pending().await,
    }
    Status::Passed
}
