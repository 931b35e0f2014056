//! Status callbacks: each call's are sent one after another, unless a fault loses, repeats or delays one.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{
    faults::{Fault, Occasion},
    fields::Endpoint,
    network::{Shared, random_hex},
    order::Order,
    people::dice,
    record::{Happening, Status},
    signature::Channel,
    webhook::Form,
};

/// The longest delay by fault; simulated time.
const LONGEST_DELAY_SECS: u64 = 10;

/// A status to be reported.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) status: Status,
    pub(super) form: Form,
}

/// Whose callbacks are sent.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) net: Arc<Shared>,
    pub(super) order: Arc<Order>,
    pub(super) sid: String,
    /// The number and which call to it: what faults are drawn by.
    pub(super) occasion: String,
}

impl Caller {
    /// The parameters that every webhook of a call has.
    pub(super) fn standard_form(&self, status: Status) -> Form {
        let order = &self.order;
        [
            ("CallSid", self.sid.as_str()),
            ("AccountSid", &self.net.account_sid),
            ("From", &order.from),
            ("To", &order.to),
            ("Caller", &order.from),
            ("Called", &order.to),
            ("CallStatus", status.as_str()),
            ("ApiVersion", "2010-04-01"),
            ("Direction", "outbound-api"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    /// A report of a status, as the `sequence`-th of the call, from 0.
    pub(super) fn report(&self, status: Status, sequence: u32, talked: Duration) -> Report {
        let mut form = self.standard_form(status);
        let mut add = |name: &str, value: String| form.push((name.to_owned(), value));
        add("Timestamp", rfc2822(Timestamp::now()));
        add("CallbackSource", "call-progress-events".to_owned());
        add("SequenceNumber", sequence.to_string());
        if status.is_over() {
            let seconds = billed_seconds(talked);
            add("CallDuration", seconds.to_string());
            add("SipResponseCode", status.sip_code().to_string());
            if status == Status::Completed {
                add("Duration", seconds.div_ceil(60).to_string());
            }
        }
        Report { status, form }
    }

    /// Sends all reports in order, until the call's line is gone.
    pub(super) async fn send_all(self, to: Endpoint, mut reports: mpsc::UnboundedReceiver<Report>) {
        let mut nth = 0;
        while let Some(report) = reports.recv().await {
            let fault = self
                .net
                .mischief
                .at(Occasion::Callback, &self.occasion, nth);
            match fault {
                Some(Fault::LoseCallback) => self.tell(Happening::CallbackLost {
                    status: report.status,
                }),
                Some(Fault::DelayCallback) => self.clone().send_later(to.clone(), report, nth),
                Some(Fault::DuplicateCallback) => {
                    self.send(&to, &report).await;
                    self.send(&to, &report).await;
                }
                _ => self.send(&to, &report).await,
            }
            nth += 1;
        }
    }

    fn send_later(self, to: Endpoint, report: Report, nth: u32) {
        let delay = dice(self.net.mischief.seed(), &[&self.occasion, "delay"], nth)
            .u64(1..=LONGEST_DELAY_SECS);
        let net = Arc::clone(&self.net);
        net.spawn(async move {
            self.net.clock.sleep(Duration::from_secs(delay)).await;
            self.send(&to, &report).await;
        });
    }

    async fn send(&self, to: &Endpoint, report: &Report) {
        let reply = self
            .net
            .courier
            .deliver(Channel::Voice, to, &report.form, &random_hex())
            .await;
        if let Err(trouble) = &reply {
            self.tell(trouble.clone().into());
        }
        self.tell(Happening::CallbackSent {
            status: report.status,
            reply: reply.ok().map(|reply| reply.status),
        });
    }

    pub(super) fn tell(&self, what: Happening) {
        self.net.tell(&self.sid, &self.order.to, what);
    }
}

/// The carrier counts begun seconds.
pub(super) fn billed_seconds(talked: Duration) -> u64 {
    talked.as_secs() + u64::from(talked.subsec_nanos() > 0)
}

/// As the carrier writes times.
pub(super) fn rfc2822(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
