//! A message from somebody: our web server is told, and what it answers is sent.

use std::sync::Arc;

use super::{Message, order::MessageOrder, receipt::standard_form, record, reply};
use crate::simulator::{
    faults::{MessageFault, Occasion},
    fields::Endpoint,
    network::{Shared, random_hex},
    people::Reaction,
    record::{Direction, Happening, MessageRecord},
    signature::Channel,
    webhook::{Form, trouble},
};

/// Fields that are there without a value when the carrier does not know them.
const UNKNOWN: [&str; 6] = [
    "FromCity",
    "FromState",
    "FromZip",
    "ToCity",
    "ToState",
    "ToZip",
];

/// A message that has come in.
#[derive(Debug)]
struct Inbound {
    net: Arc<Shared>,
    record: MessageRecord,
    /// Which message from the number it is, from 0.
    nth: u32,
}

/// Takes in what somebody writes to a number of ours; its name.
pub(in crate::simulator) fn receive(net: &Arc<Shared>, from: &str, to: &str, text: &str) -> String {
    let sid = format!("SM{}", random_hex());
    let order = MessageOrder {
        to: to.to_owned(),
        from: from.to_owned(),
        service: None,
        text: text.to_owned(),
        status_callback: None,
    };
    let record = record(&sid, &order, Direction::Inbound);
    let nth = net.book().receive(record.clone());
    net.tell(&sid, from, Happening::Texted { text: order.text });
    if let Some(to) = net.inbound_url() {
        let inbound = Inbound {
            net: Arc::clone(net),
            record,
            nth,
        };
        net.spawn(inbound.carry(to));
    }
    sid
}

impl Inbound {
    async fn carry(self, to: Endpoint) {
        let fault = self
            .net
            .mischief
            .with_message(Occasion::Inbound, &self.record.from, self.nth);
        if fault == Some(MessageFault::FailInbound) {
            self.tell(trouble(11200, &to.url, "a fault of the simulated network").into());
            return;
        }
        let (form, token) = (self.form(), random_hex());
        let told = async || {
            let courier = &self.net.courier;
            courier.deliver(Channel::Sms, &to, &form, &token).await
        };
        if fault == Some(MessageFault::DuplicateInbound) {
            // The first reply is lost, whatever it was.
            let _ = told().await;
        }
        let reply = told().await;
        let status = reply.as_ref().ok().map(|reply| reply.status);
        self.tell(Happening::InboundTold { reply: status });
        match reply.and_then(|reply| reply::read(&reply)) {
            Ok(answers) => self.send(answers),
            Err(trouble) => self.tell(trouble.into()),
        }
    }

    fn form(&self) -> Form {
        let record = &self.record;
        let mut form = standard_form(record, &self.net.account_sid);
        let own = [
            ("SmsMessageSid", record.sid.clone()),
            ("SmsStatus", record.status.to_string()),
            ("Body", record.text.clone()),
            ("NumMedia", "0".to_owned()),
            ("NumSegments", record.segments.to_string()),
        ];
        let unknown = UNKNOWN.map(|name| (name, String::new()));
        let more = own.into_iter().chain(unknown);
        form.extend(more.map(|(name, value)| (name.to_owned(), value)));
        form
    }

    /// Sends what our web server answers. Nobody answers an answer, or two machines might talk for ever.
    fn send(&self, answers: Vec<reply::Answer>) {
        for (answer, at) in answers.into_iter().zip(0..) {
            let MessageRecord { from, to, .. } = &self.record;
            let order = MessageOrder {
                to: answer.to.unwrap_or_else(|| from.clone()),
                from: answer.from.unwrap_or_else(|| to.clone()),
                service: None,
                text: answer.text,
                status_callback: answer.status_callback,
            };
            let occasion = format!("{from} {} answer {at}", self.nth);
            Message::start(
                &self.net,
                order,
                Direction::Answer,
                Reaction::Ignore,
                occasion,
            );
        }
    }

    fn tell(&self, what: Happening) {
        self.net.tell(&self.record.sid, &self.record.from, what);
    }
}
