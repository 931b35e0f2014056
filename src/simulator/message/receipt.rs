//! Status callbacks of messages: each message's are sent one after another, unless a fault loses, repeats, delays or swaps
//! one.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::simulator::{
    faults::{MessageFault, Occasion},
    fields::Endpoint,
    network::{Shared, random_hex},
    people::dice,
    record::{Happening, MessageRecord, MessageStatus},
    signature::Channel,
    webhook::Form,
};

/// The longest delay by fault; simulated time.
const LONGEST_DELAY_SECS: u64 = 10;

/// A status to be reported.
#[derive(Clone, Debug)]
pub(super) struct Receipt {
    status: MessageStatus,
    form: Form,
}

/// Whose receipts are sent, and where.
#[derive(Clone, Debug)]
pub(super) struct Receipts {
    pub(super) net: Arc<Shared>,
    pub(super) to: Endpoint,
    pub(super) sid: String,
    pub(super) number: String,
    /// The number and which message to it: what faults are drawn by.
    pub(super) occasion: String,
}

impl Receipt {
    /// What is reported of a message as it is now.
    pub(super) fn of(record: &MessageRecord, account: &str, now: Timestamp) -> Self {
        use MessageStatus::{Delivered, Failed, Undelivered};
        let status = record.status;
        let mut form = standard_form(record, account);
        let mut add = |name: &str, value: String| form.push((name.to_owned(), value));
        add("MessageStatus", status.to_string());
        add("SmsStatus", status.to_string());
        if let Some(code) = record
            .error
            .filter(|_| matches!(status, Undelivered | Failed))
        {
            add("ErrorCode", code.to_string());
        }
        if matches!(status, Delivered | Undelivered) {
            add("RawDlrDoneDate", now.strftime("%y%m%d%H%M").to_string());
        }
        Self { status, form }
    }
}

/// The parameters that every webhook of a message has.
pub(super) fn standard_form(record: &MessageRecord, account: &str) -> Form {
    let form = [
        ("MessageSid", record.sid.as_str()),
        ("SmsSid", &record.sid),
        ("AccountSid", account),
        ("From", &record.from),
        ("To", &record.to),
        ("ApiVersion", "2010-04-01"),
    ];
    let service = record.service.as_deref();
    let service = service.map(|sid| ("MessagingServiceSid", sid));
    form.into_iter()
        .chain(service)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

impl Receipts {
    /// Sends all in order, until the message is settled.
    pub(super) async fn send_all(self, mut waiting: mpsc::UnboundedReceiver<Receipt>) {
        let mut held = None;
        let mut nth = 0;
        while let Some(receipt) = waiting.recv().await {
            let fault = self
                .net
                .mischief
                .with_message(Occasion::Receipt, &self.occasion, nth);
            nth += 1;
            match fault {
                Some(MessageFault::SwapReceipt) if held.is_none() => {
                    held = Some(receipt);
                    continue;
                }
                Some(MessageFault::LoseReceipt) => self.tell(Happening::ReceiptLost {
                    status: receipt.status,
                }),
                Some(MessageFault::DelayReceipt) => self.clone().send_later(receipt, nth),
                Some(MessageFault::DuplicateReceipt) => {
                    self.send(&receipt).await;
                    self.send(&receipt).await;
                }
                _ => self.send(&receipt).await,
            }
            if let Some(overtaken) = held.take() {
                self.send(&overtaken).await;
            }
        }
        if let Some(last) = held {
            self.send(&last).await;
        }
    }

    fn send_later(self, receipt: Receipt, nth: u32) {
        let mut dice = dice(self.net.mischief.seed(), &[&self.occasion, "delay"], nth);
        let delay = Duration::from_secs(dice.u64(1..=LONGEST_DELAY_SECS));
        let net = Arc::clone(&self.net);
        net.spawn(async move {
            self.net.clock.sleep(delay).await;
            self.send(&receipt).await;
        });
    }

    async fn send(&self, receipt: &Receipt) {
        let reply = self
            .net
            .courier
            .deliver(Channel::Sms, &self.to, &receipt.form, &random_hex())
            .await;
        if let Err(trouble) = &reply {
            self.tell(trouble.clone().into());
        }
        self.tell(Happening::ReceiptSent {
            status: receipt.status,
            reply: reply.ok().map(|reply| reply.status),
        });
    }

    fn tell(&self, what: Happening) {
        self.net.tell(&self.sid, &self.number, what);
    }
}
