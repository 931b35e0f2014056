//! What a run tells: a model that is written as text, JSON, JUnit XML or a page. Secrets are blotted out when it is made, so no form of it
//! can hold them.

mod curl;
mod files;
mod page;
mod redact;
mod text;

use serde::{Deserialize, Serialize};

use super::{
    case::{Case, Failure, Grade, Stop},
    play::Played,
    stage::Record,
};
pub use files::{WriteError, read_json, write_json};
pub use page::{html, junit};
pub use redact::Secrets;
pub use text::{explain, list, write_case, write_failures, write_summary};

/// The form of the JSON file; `docs/report.schema.json` describes it.
pub const FORM: &str = "conformance-report/1";

/// How many exchanges of a case are kept. Generated cases have many; the one that shows a failure is kept in any case.
const MOST_EXCHANGES: usize = 24;

/// A run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// [`FORM`].
    pub form: String,
    /// The suite's version.
    pub version: String,
    /// What generated cases were drawn from.
    pub seed: u64,
    /// Whether SHOULD counts.
    pub strict: bool,
    /// One for each handler.
    pub targets: Vec<Target>,
}

/// A handler, and how it did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Target {
    /// For people.
    pub name: String,
    /// Where it was called.
    pub url: String,
    /// How long all cases took.
    pub duration_ms: u64,
    /// In the order in which they were played.
    pub cases: Vec<CaseResult>,
}

/// How a case went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseResult {
    /// `family/name`.
    pub id: String,
    /// MUST or SHOULD.
    pub grade: Grade,
    /// What a handler has to do.
    pub requirement: String,
    /// What goes wrong if it does not.
    pub why: String,
    /// Where the requirement comes from.
    pub source: String,
    /// How it went.
    pub outcome: Outcome,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// What does not hold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<FailureResult>,
    /// What went over the wire.
    pub exchanges: Vec<Exchange>,
    /// How long it took.
    pub duration_ms: u64,
}

/// How a case went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It does not apply, or nothing can be told about it.
    Skipped,
}

/// What does not hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FailureResult {
    /// What had to happen.
    pub expected: String,
    /// What happened.
    pub actual: String,
    /// What was done to the request, or the smallest example.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// What was signed in the request that shows it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_string: Option<String>,
    /// That request, for a shell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub curl: Option<String>,
}

/// A request and its reply.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exchange {
    /// What it was sent for.
    pub note: String,
    /// Whether it shows the failure.
    pub is_evidence: bool,
    /// The host that was called.
    pub dialled: String,
    /// What was signed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_string: Option<String>,
    /// The bytes that went out, as text.
    pub sent: String,
    /// The bytes that came in, as text.
    pub received: String,
    /// Why nothing of use came.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// From the start to the connection.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub connected_ms: Option<f64>,
    /// From the start to the first byte of the reply.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_byte_ms: Option<f64>,
    /// From the start to the end.
    pub done_ms: f64,
}

/// How many cases went how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Held.
    pub passed: usize,
    /// MUST that did not hold.
    pub must_failed: usize,
    /// SHOULD that did not hold.
    pub should_failed: usize,
    /// Not played.
    pub skipped: usize,
}

impl CaseResult {
    /// From what was played.
    pub fn new(played: &Played, secrets: &Secrets) -> Self {
        let Case {
            id,
            grade,
            requirement,
            why,
            source,
            ..
        } = played.case;
        let (outcome, reason, failure) = match &played.verdict {
            Ok(()) => (Outcome::Passed, None, None),
            Err(Stop::Skip(why)) => (Outcome::Skipped, Some(secrets.blot(why)), None),
            Err(Stop::Fail(failure)) => (Outcome::Failed, None, Some(&**failure)),
        };
        let evidence =
            failure.map(|failure| failure.at.unwrap_or(played.records.len().saturating_sub(1)));
        Self {
            id: (*id).to_owned(),
            grade: *grade,
            requirement: (*requirement).to_owned(),
            why: (*why).to_owned(),
            source: (*source).to_owned(),
            outcome,
            reason,
            failure: failure.map(|failure| {
                let record = evidence.and_then(|at| played.records.get(at));
                FailureResult::new(failure, record, secrets)
            }),
            exchanges: exchanges(&played.records, evidence, secrets),
            duration_ms: millis(played.took),
        }
    }

    /// Whether a run fails for it.
    pub fn counts_as_failed(&self, strict: bool) -> bool {
        self.outcome == Outcome::Failed && (strict || self.grade == Grade::Must)
    }
}

impl FailureResult {
    fn new(failure: &Failure, record: Option<&Record>, secrets: &Secrets) -> Self {
        Self {
            expected: secrets.blot(&failure.expected),
            actual: secrets.blot(&failure.actual),
            detail: failure.detail.as_deref().map(|detail| secrets.blot(detail)),
            signed_string: record
                .and_then(|record| Some(secrets.blot(record.signed_string.as_deref()?))),
            curl: record.map(|record| secrets.blot(&curl::line(&record.exchange))),
        }
    }
}

fn exchanges(records: &[Record], evidence: Option<usize>, secrets: &Secrets) -> Vec<Exchange> {
    let is_kept = |at: usize| at < MOST_EXCHANGES || evidence == Some(at);
    let numbered = records.iter().enumerate().filter(|(at, _)| is_kept(*at));
    numbered
        .map(|(at, record)| exchange(record, evidence == Some(at), secrets))
        .collect()
}

fn exchange(record: &Record, is_evidence: bool, secrets: &Secrets) -> Exchange {
    let exchange = &record.exchange;
    let ms = |duration: std::time::Duration| (duration.as_secs_f64() * 1e5).round() / 100.0;
    Exchange {
        note: record.note.clone(),
        is_evidence,
        dialled: exchange.dialled.clone(),
        signed_string: record
            .signed_string
            .as_deref()
            .map(|text| secrets.blot(text)),
        sent: secrets.wire(&exchange.sent),
        received: secrets.wire(&exchange.received),
        error: exchange
            .result
            .as_ref()
            .err()
            .map(|error| format!("{error} (the carrier's error {})", error.code())),
        connected_ms: exchange.times.connected.map(ms),
        first_byte_ms: exchange.times.first_byte.map(ms),
        done_ms: ms(exchange.times.done),
    }
}

pub(super) fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Target {
    /// How many cases went how.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for case in &self.cases {
            match (case.outcome, case.grade) {
                (Outcome::Passed, _) => counts.passed += 1,
                (Outcome::Skipped, _) => counts.skipped += 1,
                (Outcome::Failed, Grade::Must) => counts.must_failed += 1,
                (Outcome::Failed, Grade::Should) => counts.should_failed += 1,
            }
        }
        counts
    }
}

impl Report {
    /// Whether something that counts did not hold.
    pub fn has_failed(&self) -> bool {
        let mut cases = self.targets.iter().flat_map(|target| &target.cases);
        cases.any(|case| case.counts_as_failed(self.strict))
    }
}
