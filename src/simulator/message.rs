//! A message's life: accepted, queued, sent, delivered, answered; or it gets stuck on the way.
//!
//! * `order`: the request that sends it; `segments`: how long it is;
//! * `receipt`: the status callbacks;
//! * `inbound`: messages from people; `reply`: what our web server answers to them;
//! * `book`: what is remembered.

pub(super) mod book;
pub(super) mod inbound;
pub(super) mod order;
mod receipt;
mod reply;
mod segments;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::mpsc;

use self::{
    order::MessageOrder,
    receipt::{Receipt, Receipts},
    segments::segments,
};
use super::{
    faults::{MessageFault, Occasion},
    fields::is_number,
    network::{Shared, random_hex},
    people::Reaction,
    record::{Direction, Happening, MessageRecord, MessageStatus},
};

/// How long a message is queued; simulated time, as everywhere here.
const QUEUED: Duration = Duration::from_millis(300);
/// How long it takes to hand it to the carrier of the phone.
const SENDING: Duration = Duration::from_millis(700);
/// From there to the phone.
const DELIVERING: Duration = Duration::from_secs(2);
/// How long the carrier of the phone tries.
const PATIENCE: Duration = Duration::from_secs(10);

/// A message that is on its way.
#[derive(Debug)]
pub(super) struct Message {
    net: Arc<Shared>,
    sid: String,
    order: MessageOrder,
    reaction: Reaction,
    fault: Option<MessageFault>,
    receipts: mpsc::UnboundedSender<Receipt>,
}

impl Message {
    /// Takes a message and carries it; its name. `occasion` is what faults are drawn by.
    pub(super) fn start(
        net: &Arc<Shared>,
        order: MessageOrder,
        direction: Direction,
        reaction: Reaction,
        occasion: String,
    ) -> String {
        let sid = format!("SM{}", random_hex());
        let fault = match direction {
            Direction::Api => net.mischief.with_message(Occasion::Message, &occasion, 0),
            Direction::Answer | Direction::Inbound => None,
        };
        net.book().messages.enter(record(&sid, &order, direction));
        let text = order.text.clone();
        net.tell(&sid, &order.to, Happening::Texted { text });
        let (receipts, waiting) = mpsc::unbounded_channel();
        if let Some(to) = order.status_callback.clone() {
            let receipts = Receipts {
                net: Arc::clone(net),
                to,
                sid: sid.clone(),
                number: order.to.clone(),
                occasion,
            };
            net.spawn(receipts.send_all(waiting));
        }
        let message = Self {
            net: Arc::clone(net),
            sid: sid.clone(),
            order,
            reaction,
            fault,
            receipts,
        };
        net.spawn(message.carry());
        sid
    }

    async fn carry(self) {
        self.travel().await;
        self.net.book().messages.settle(&self.sid);
    }

    async fn travel(&self) {
        if self.fault == Some(MessageFault::NeverSent) {
            return;
        }
        self.reach(MessageStatus::Queued, None);
        self.sleep(QUEUED).await;
        self.reach(MessageStatus::Sending, None);
        self.sleep(SENDING).await;
        if self.fault == Some(MessageFault::Fail) {
            self.reach(MessageStatus::Failed, Some(30001));
            return;
        }
        self.reach(MessageStatus::Sent, None);
        if self.fault != Some(MessageFault::NeverDelivered) {
            self.arrive().await;
        }
    }

    /// The message has reached the carrier of the phone.
    async fn arrive(&self) {
        if let Some(code) = self.reaction.undelivered() {
            self.sleep(PATIENCE).await;
            self.reach(MessageStatus::Undelivered, Some(code));
            return;
        }
        self.sleep(DELIVERING).await;
        self.reach(MessageStatus::Delivered, None);
        match &self.reaction {
            // Nobody can write back to a name.
            Reaction::Reply { after, text } if is_number(&self.order.from) => {
                self.sleep(*after).await;
                self.reply(text);
            }
            _ => {}
        }
    }

    fn reply(&self, text: &str) {
        let (person, us) = (&self.order.to, &self.order.from);
        let replied = text.to_owned();
        self.net
            .tell(&self.sid, person, Happening::Replied { text: replied });
        inbound::receive(&self.net, person, us, text);
    }

    /// Moves the message on and reports it, unless it is a status that the carrier keeps for itself.
    fn reach(&self, status: MessageStatus, error: Option<u32>) {
        let now = Timestamp::now();
        let receipt = {
            let messages = &mut self.net.book().messages;
            messages.advance(&self.sid, status, error, now);
            let record = messages.get(&self.sid);
            record.map(|record| Receipt::of(record, &self.net.account_sid, now))
        };
        self.net
            .tell(&self.sid, &self.order.to, Happening::Moved { status });
        if let Some(receipt) = receipt.filter(|_| status != MessageStatus::Sending) {
            // Without an address there is nobody to receive it.
            let _ = self.receipts.send(receipt);
        }
    }

    async fn sleep(&self, simulated: Duration) {
        self.net.clock.sleep(simulated).await;
    }
}

/// The record of a message that is new.
fn record(sid: &str, order: &MessageOrder, direction: Direction) -> MessageRecord {
    let now = Timestamp::now();
    let status = match (direction, &order.service) {
        (Direction::Inbound, _) => MessageStatus::Received,
        (_, Some(_)) => MessageStatus::Accepted,
        (_, None) => MessageStatus::Queued,
    };
    MessageRecord {
        sid: sid.to_owned(),
        direction,
        to: order.to.clone(),
        from: order.from.clone(),
        service: order.service.clone(),
        text: order.text.clone(),
        segments: segments(&order.text),
        status,
        error: None,
        created: now,
        sent: (direction == Direction::Inbound).then_some(now),
        updated: now,
        receipts: Vec::new(),
        replies: Vec::new(),
        troubles: Vec::new(),
    }
}
