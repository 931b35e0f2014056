//! A message's life: queued, sent, and what becomes of it; and the answer of whoever got it.

use std::{sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    courier::idempotency_token,
    faults::{Kind, Occasion, Place},
    journal::What,
    order::{MessageOrder, segments},
    people::Fate,
    record::{MessageRecord, MessageStatus},
    stand_in::Shared,
    talk::sent,
};
use crate::twilio::{Form, twiml::Target};

/// From one status to the next; phone time.
const STEP: Duration = Duration::from_millis(500);
/// How long it takes to write back.
const WRITING: Duration = Duration::from_secs(5);

/// A message that is being carried.
struct Letter {
    stand: Arc<Shared>,
    order: MessageOrder,
    sid: String,
    key: String,
}

/// Begins to carry a message, the `nth` to its number.
pub(super) fn start(stand: &Arc<Shared>, order: MessageOrder, sid: String, nth: u32) {
    let fate = stand.people().message(&order.to, nth);
    let letter = Letter {
        stand: Arc::clone(stand),
        key: format!("{} {nth}", order.to),
        order,
        sid,
    };
    stand.spawn(letter.carry(fate));
}

impl Letter {
    async fn carry(self, fate: Fate) {
        if let Fate::Failed(code) = fate {
            return self.reach(MessageStatus::Failed, Some(code)).await;
        }
        self.reach(MessageStatus::Sending, None).await;
        self.reach(MessageStatus::Sent, None).await;
        match fate {
            Fate::Sent | Fate::Failed(_) => {}
            Fate::Delivered => self.reach(MessageStatus::Delivered, None).await,
            Fate::Undelivered(code) => self.reach(MessageStatus::Undelivered, Some(code)).await,
            Fate::Reply(text) => {
                self.reach(MessageStatus::Delivered, None).await;
                self.stand.clock.sleep(WRITING).await;
                self.write_back(text).await;
            }
        }
    }

    async fn reach(&self, status: MessageStatus, code: Option<u32>) {
        self.stand.clock.sleep(STEP).await;
        if let Some(message) = self.stand.book().message_of(&self.sid) {
            message.status = status;
            message.error_code = code;
            message.updated = Timestamp::now();
            if status == MessageStatus::Sent {
                message.sent = Some(message.updated);
            }
        }
        let what = What::Status {
            status: status.as_str(),
            to: self.order.to.clone(),
        };
        self.stand.journal.write(Some(&self.sid), what, None);
        if let Some(to) = &self.order.status_callback {
            self.tell(to, status, code).await;
        }
    }

    async fn tell(&self, to: &Target, status: MessageStatus, code: Option<u32>) {
        let fault = self.stand.faults.at(Occasion {
            place: Place::Callback,
            what: status.as_str(),
            to: Some(&self.order.to),
            key: &self.key,
        });
        let form = self.form(status, code);
        match fault.map(|fault| (fault.kind, fault.lasts)) {
            Some((Kind::LoseCallback, _)) => {
                let sent = super::journal::Sent {
                    method: to.method.name(),
                    url: to.address.to_string(),
                    form: form.into_iter().collect(),
                    status: 0,
                    code: None,
                };
                let kind = Some(Kind::LoseCallback);
                let what = What::Callback(sent);
                self.stand.journal.write(Some(&self.sid), what, kind);
            }
            Some((Kind::RepeatCallback, _)) => {
                self.post(to, form.clone(), None).await;
                self.post(to, form, Some(Kind::RepeatCallback)).await;
            }
            // A later one overtakes it.
            Some((kind, lasts)) => {
                let later = Self {
                    stand: Arc::clone(&self.stand),
                    order: self.order.clone(),
                    sid: self.sid.clone(),
                    key: self.key.clone(),
                };
                let to = to.clone();
                self.stand.spawn(async move {
                    later.stand.clock.sleep(lasts.max(STEP * 3)).await;
                    later.post(&to, form, Some(kind)).await;
                });
            }
            None => self.post(to, form, None).await,
        }
    }

    async fn post(&self, to: &Target, form: Form, fault: Option<Kind>) {
        let courier = &self.stand.courier;
        let result = courier
            .deliver_message(to, form.clone(), &idempotency_token())
            .await;
        let what = What::Callback(sent(to, form.into_iter().collect(), &result));
        self.stand.journal.write(Some(&self.sid), what, fault);
    }

    /// The parameters of a status callback (page Message resource).
    fn form(&self, status: MessageStatus, code: Option<u32>) -> Form {
        let mut form = vec![
            ("SmsSid", self.sid.clone()),
            ("SmsStatus", status.as_str().to_owned()),
            ("MessageStatus", status.as_str().to_owned()),
            ("To", self.order.to.clone()),
            ("MessageSid", self.sid.clone()),
            ("AccountSid", self.stand.options.account_sid.clone()),
            ("From", self.order.from.clone()),
            ("ApiVersion", "2010-04-01".to_owned()),
        ];
        if let Some(code) = code {
            form.push(("ErrorCode", code.to_string()));
        }
        if matches!(
            status,
            MessageStatus::Delivered | MessageStatus::Undelivered
        ) {
            let done = Timestamp::now().to_zoned(TimeZone::UTC);
            form.push(("RawDlrDoneDate", done.strftime("%y%m%d%H%M").to_string()));
        }
        let owned = |(name, value): (&str, String)| (name.to_owned(), value);
        form.into_iter().map(owned).collect()
    }

    /// The person's own message: it stands in the list, and goes to the number's address if it has one.
    async fn write_back(&self, text: String) {
        let now = Timestamp::now();
        let record = MessageRecord {
            sid: self.stand.sid("SM"),
            to: self.order.from.clone(),
            from: self.order.to.clone(),
            body: text,
            status: MessageStatus::Received,
            error_code: None,
            is_inbound: true,
            created: now,
            updated: now,
            sent: Some(now),
        };
        self.stand.book().message(record.clone());
        let what = What::Status {
            status: record.status.as_str(),
            to: record.to.clone(),
        };
        self.stand.journal.write(Some(&record.sid), what, None);
        let Some(to) = &self.stand.options.sms_url else {
            return;
        };
        let form = self.inbound(&record);
        let courier = &self.stand.courier;
        let result = courier
            .deliver_message(to, form.clone(), &idempotency_token())
            .await;
        let what = What::Webhook(sent(to, form.into_iter().collect(), &result));
        self.stand.journal.write(Some(&record.sid), what, None);
    }

    /// The parameters of a message that comes in (page Messaging webhooks).
    fn inbound(&self, record: &MessageRecord) -> Form {
        let parts = segments(&record.body).to_string();
        let form = [
            ("ToCountry", "JP"),
            ("SmsMessageSid", &record.sid),
            ("NumMedia", "0"),
            ("SmsSid", &record.sid),
            ("SmsStatus", record.status.as_str()),
            ("Body", &record.body),
            ("FromCountry", "JP"),
            ("To", &record.to),
            ("NumSegments", &parts),
            ("MessageSid", &record.sid),
            ("AccountSid", &self.stand.options.account_sid),
            ("From", &record.from),
            ("ApiVersion", "2010-04-01"),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        form.map(owned).to_vec()
    }
}
