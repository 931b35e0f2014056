//! What the network does with messages on behalf of its user.

use std::sync::Arc;

use super::{Network, Shared, lock};
use crate::simulator::{
    fields::{Endpoint, Method, Refusal, absolute},
    message::{
        Message, inbound,
        order::{LONGEST_TEXT, MessageOrder, OWN_NUMBER},
    },
    people::Reaction,
    record::{Direction, Happening},
};

/// What is on a new account, in US dollars.
pub(super) const FIRST_BALANCE: f64 = 100.0;

/// Why an address cannot be told of messages.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an address that can be told of messages; give an absolute one, such as http://127.0.0.1:8080/sms"
)]
pub struct InboundUrlError(String);

impl Network {
    /// Says where messages from people are told, as the number's owner does in the carrier's console. Without an address
    /// they are only in the list.
    ///
    /// # Errors
    /// The address is not an absolute one of the web.
    pub fn set_inbound_url(&self, url: &str) -> Result<(), InboundUrlError> {
        let url = absolute(url).ok_or_else(|| InboundUrlError(url.to_owned()))?;
        let method = Method::Post;
        *lock(&self.shared.inbound) = Some(Endpoint { url, method });
        Ok(())
    }

    /// Changes what a number does with messages from the next one on: the list is used one by one, counted from the first
    /// message to the number, the last for ever.
    pub fn change_reactions(&self, number: &str, reactions: Vec<Reaction>) {
        let mut people = lock(&self.shared.people);
        *people = people.clone().with_reactions(number, reactions);
    }

    /// Lets a number write to us: to the number that last wrote to it, and in reply to that. The message's name, or none if
    /// the text is empty or longer than 1,600 characters.
    pub fn text(&self, number: &str, body: &str) -> Option<String> {
        if !(1..=LONGEST_TEXT).contains(&body.chars().count()) {
            return None;
        }
        let last = self.shared.book().messages.last_to(number);
        let us = match last {
            Some((sid, us)) => {
                let text = body.to_owned();
                self.shared.tell(&sid, number, Happening::Replied { text });
                us
            }
            None => OWN_NUMBER.to_owned(),
        };
        Some(inbound::receive(&self.shared, number, &us, body))
    }

    /// Says what is left on the account, in US dollars. Nothing that happens changes it.
    pub fn set_balance(&self, dollars: f64) {
        *lock(&self.shared.balance) = dollars;
    }
}

impl Shared {
    /// Sends a message; its name.
    ///
    /// # Errors
    /// The person has blocked us.
    pub(in crate::simulator) fn send(
        self: &Arc<Self>,
        order: MessageOrder,
    ) -> Result<String, Refusal> {
        let nth = self.book().tick(&order.to, |tally| &mut tally.messages);
        let reaction = lock(&self.people).reaction(&order.to, nth);
        if reaction == Reaction::Blocked {
            return Err((
                21610,
                "Attempt to send to unsubscribed recipient".to_owned(),
            ));
        }
        let occasion = format!("{} {nth}", order.to);
        Ok(Message::start(
            self,
            order,
            Direction::Api,
            reaction,
            occasion,
        ))
    }

    pub(in crate::simulator) fn inbound_url(&self) -> Option<Endpoint> {
        lock(&self.inbound).clone()
    }

    pub(in crate::simulator) fn balance(&self) -> f64 {
        *lock(&self.balance)
    }
}
