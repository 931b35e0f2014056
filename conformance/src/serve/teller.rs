//! Status callbacks of a call: each is a request of its own, one after another, unless a fault loses, repeats, delays or
//! reorders one.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{
    courier::idempotency_token,
    faults::{Fault, Kind, Occasion, Place},
    journal::{Sent, What},
    record::{CallStatus, rfc2822},
    stand_in::Shared,
};
use crate::twilio::{CallFacts, Form, twiml::Target};

/// A status that is to be told.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) status: CallStatus,
    pub(super) talked_secs: u64,
    pub(super) answered_by: Option<&'static str>,
}

/// Tells how a call goes.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    pub(super) stand: Arc<Shared>,
    pub(super) facts: CallFacts,
    pub(super) to: Target,
    /// Person and call, by which faults are drawn.
    pub(super) key: String,
}

impl Teller {
    /// Tells all reports, until the call's line is gone.
    pub(super) async fn tell_all(self, mut reports: mpsc::UnboundedReceiver<Report>) {
        let mut held = None;
        let mut number = 0;
        while let Some(report) = reports.recv().await {
            let form = self.form(&report, number);
            number += 1;
            let fault = self.stand.faults.at(Occasion {
                place: Place::Callback,
                what: report.status.as_str(),
                to: Some(&self.facts.to),
                key: &self.key,
            });
            match fault {
                Some(fault) if fault.kind == Kind::ReorderCallback && held.is_none() => {
                    held = Some(form);
                    continue;
                }
                fault => self.tell(form, fault).await,
            }
            if let Some(form) = held.take() {
                self.send(form, Some(Kind::ReorderCallback)).await;
            }
        }
        if let Some(form) = held {
            self.send(form, Some(Kind::ReorderCallback)).await;
        }
    }

    async fn tell(&self, form: Form, fault: Option<Fault>) {
        let kind = fault.map(|fault| fault.kind);
        match kind {
            Some(Kind::LoseCallback) => self.note(form, 0, None, kind),
            Some(Kind::RepeatCallback) => {
                self.send(form.clone(), None).await;
                self.send(form, kind).await;
            }
            Some(Kind::DelayCallback) => {
                let lasts = fault.map_or(Duration::ZERO, |fault| fault.lasts);
                let teller = self.clone();
                self.stand.spawn(async move {
                    teller.stand.clock.sleep(lasts).await;
                    teller.send(form, kind).await;
                });
            }
            _ => self.send(form, None).await,
        }
    }

    async fn send(&self, form: Form, fault: Option<Kind>) {
        let courier = &self.stand.courier;
        let reply = courier
            .deliver(&self.to, form.clone(), &idempotency_token())
            .await;
        let (status, code) = match &reply {
            Ok(reply) => (reply.status, complaint(reply.status)),
            Err(error) => (0, Some(error.code())),
        };
        self.note(form, status, code, fault);
    }

    fn note(&self, form: Form, status: u16, code: Option<u32>, fault: Option<Kind>) {
        let callback = What::Callback(Sent {
            method: self.to.method.name(),
            url: self.to.address.to_string(),
            form: form.into_iter().collect(),
            status,
            code,
        });
        let sid = Some(self.facts.call_sid.as_str());
        self.stand.journal.write(sid, callback, fault);
    }

    /// The parameters of a status callback (page Call resource, StatusCallback).
    fn form(&self, report: &Report, number: u32) -> Form {
        let status = report.status;
        let mut form = self.facts.parameters(status.as_str());
        let mut add = |name: &str, value: String| form.push((name.to_owned(), value));
        add("Timestamp", rfc2822(Timestamp::now()));
        add("CallbackSource", "call-progress-events".to_owned());
        add("SequenceNumber", number.to_string());
        if let Some(answered_by) = report.answered_by {
            add("AnsweredBy", answered_by.to_owned());
        }
        if status.is_over() {
            add("CallDuration", report.talked_secs.to_string());
            add("SipResponseCode", status.sip_code().to_string());
        }
        if status == CallStatus::Completed {
            add("Duration", report.talked_secs.div_ceil(60).to_string());
        }
        form
    }
}

/// Of replies to callbacks, only errors are reported, as what failed to be retrieved.
pub(super) fn complaint(status: u16) -> Option<u32> {
    (status >= 400).then_some(11200)
}
