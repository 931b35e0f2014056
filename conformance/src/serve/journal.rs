//! What happened, in order: every request that came, every webhook that went out, every turn of a call. Kept for whoever
//! judges, and printed one line each for whoever looks on.
//!
//! No credentials stand in it. Numbers and addresses do, since they are what is judged; the printed lines mask them.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;

use super::{faults::Kind, form::Form, record::masked};

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// Counted from 1, over everything.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What it is about: the SID of a call or a message, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// What.
    #[serde(flatten)]
    pub what: What,
    /// What went wrong on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Kind>,
}

/// What happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum What {
    /// A request came to the REST API.
    Request {
        /// `POST`, `GET`, `DELETE`.
        method: String,
        /// With its query.
        path: String,
        /// Its form.
        form: Form,
        /// How it was answered; 0 if it was not.
        status: u16,
        /// The error code of the reply.
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<u32>,
    },
    /// A call or a message has a new status.
    Status {
        /// Which.
        status: &'static str,
        /// Of whom.
        to: String,
    },
    /// A status callback went out, or did not.
    Callback(Sent),
    /// TwiML was asked for.
    Webhook(Sent),
    /// A recording was asked for.
    Media(Sent),
    /// Words were said.
    Said {
        /// Which.
        text: String,
    },
    /// Keys were pressed.
    Pressed {
        /// Which.
        keys: String,
    },
    /// The callee has put the receiver down.
    HungUp,
    /// Something that the carrier would report as an error or a warning.
    Trouble {
        /// Its code.
        code: u32,
        /// In words.
        text: String,
    },
    /// The port refuses connections.
    Outage {
        /// For so long.
        millis: u64,
    },
}

/// A request to the application.
#[derive(Clone, Debug, Serialize)]
pub struct Sent {
    /// `POST` or `GET`.
    pub method: &'static str,
    /// With its fragment.
    pub url: String,
    /// Its parameters.
    pub form: Form,
    /// How the application answered; 0 if it did not, or was not asked.
    pub status: u16,
    /// The carrier's error code, where it did not get what it wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
}

/// What happened so far.
#[derive(Debug)]
pub struct Journal {
    kept: usize,
    is_printed: bool,
    pages: Mutex<Pages>,
}

#[derive(Debug)]
struct Pages {
    written: u64,
    records: VecDeque<Record>,
}

impl Journal {
    /// Keeps so many records; prints them to standard error if wanted.
    pub(super) fn new(kept: usize, is_printed: bool) -> Self {
        Self {
            kept,
            is_printed,
            pages: Mutex::new(Pages::new()),
        }
    }

    /// Begins anew.
    pub(super) fn reset(&self) {
        *self.pages() = Pages::new();
    }

    /// Writes a record.
    pub(super) fn write(&self, sid: Option<&str>, what: What, fault: Option<Kind>) {
        let mut pages = self.pages();
        pages.written += 1;
        let record = Record {
            number: pages.written,
            at: Timestamp::now(),
            sid: sid.map(str::to_owned),
            what,
            fault,
        };
        if self.is_printed {
            eprintln!("{record}");
        }
        if pages.records.len() == self.kept {
            pages.records.pop_front();
        }
        pages.records.push_back(record);
    }

    /// The records after this one (0: all that are kept), oldest first.
    pub fn after(&self, number: u64) -> Vec<Record> {
        let pages = self.pages();
        let later = pages.records.iter().filter(|it| it.number > number);
        later.cloned().collect()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pages {
    fn new() -> Self {
        Self {
            written: 0,
            records: VecDeque::new(),
        }
    }
}

impl fmt::Display for Record {
    /// One line, without numbers that could be called and without what makes an address secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.at)?;
        if let Some(sid) = &self.sid {
            write!(f, " {}", sid.get(..10).unwrap_or(sid))?;
        }
        write!(f, " {}", self.what)?;
        match self.fault {
            Some(fault) => write!(f, " [{fault}]"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request {
                method,
                path,
                form,
                status,
                code,
            } => {
                let path = path.split('?').next().unwrap_or(path);
                write!(f, "{method} {path}")?;
                if let Some(to) = form.get("To") {
                    write!(f, " to {}", masked(to))?;
                }
                answered(f, *status, *code)
            }
            Self::Status { status, to } => write!(f, "{} is {status}", masked(to)),
            Self::Callback(sent) => {
                let status = sent.form.get("CallStatus");
                let status = status
                    .or(sent.form.get("MessageStatus"))
                    .unwrap_or_default();
                write!(f, "callback {status}{sent}")
            }
            Self::Webhook(sent) => write!(f, "webhook{sent}"),
            Self::Media(sent) => write!(f, "media{sent}"),
            Self::Said { text } => write!(f, "said {text:?}"),
            Self::Pressed { keys } => write!(f, "pressed {keys}"),
            Self::HungUp => f.write_str("hung up"),
            Self::Trouble { code, text } => write!(f, "trouble {code}: {text}"),
            Self::Outage { millis } => write!(f, "refuses connections for {millis} ms"),
        }
    }
}

impl fmt::Display for Sent {
    /// The host alone: paths and queries may hold secrets of the application.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.split("://").nth(1).unwrap_or_default();
        let host = host.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        write!(f, " {} {host}", self.method)?;
        answered(f, self.status, self.code)
    }
}

fn answered(f: &mut fmt::Formatter<'_>, status: u16, code: Option<u32>) -> fmt::Result {
    match (status, code) {
        (0, None) => f.write_str(": not answered"),
        (0, Some(code)) => write!(f, ": error {code}"),
        (status, None) => write!(f, ": {status}"),
        (status, Some(code)) => write!(f, ": {status}, error {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook() -> What {
        What::Webhook(Sent {
            method: "POST",
            url: "https://me:secret@a.example/v1/secret?k=secret#rc=2".to_owned(),
            form: [("To", "+819012345678")].into_iter().collect(),
            status: 0,
            code: Some(11200),
        })
    }

    #[test]
    fn a_line_names_neither_a_whole_number_nor_the_path_of_a_webhook() {
        let journal = Journal::new(10, false);
        let request = What::Request {
            method: "POST".to_owned(),
            path: "/2010-04-01/Accounts/AC0/Calls.json?To=%2B819012345678".to_owned(),
            form: [("To", "+819012345678")].into_iter().collect(),
            status: 201,
            code: None,
        };
        journal.write(Some("CA0123456789"), webhook(), Some(Kind::LoseWebhook));
        journal.write(None, request, None);
        let lines: Vec<String> = journal.after(0).iter().map(Record::to_string).collect();
        assert!(
            lines[0].ends_with("CA01234567 webhook POST a.example: error 11200 [lose-webhook]"),
            "{lines:?}"
        );
        let path = "/2010-04-01/Accounts/AC0/Calls.json";
        assert!(
            lines[1].ends_with(&format!(" POST {path} to +81…678: 201")),
            "{lines:?}"
        );
    }

    #[test]
    fn only_so_much_is_kept_and_numbers_go_on() {
        let journal = Journal::new(2, false);
        for _ in 0..5 {
            journal.write(None, What::HungUp, None);
        }
        let numbers = |after| {
            journal
                .after(after)
                .iter()
                .map(|it| it.number)
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers(0), [4, 5]);
        assert_eq!(numbers(4), [5]);
        let json = serde_json::to_value(&journal.after(4)[0]).expect("JSON");
        assert_eq!(json["what"], "hung-up");
    }
}
