//! What a case is: something that has to hold, and how it is played.

use std::{fmt, pin::Pin};

use super::{forge::Forgery, stage::Stage, variation::Variation};

/// One thing that has to hold. Its id is stable.
pub struct Case {
    /// `family/name`.
    pub id: &'static str,
    /// What a handler has to do, as one sentence.
    pub requirement: &'static str,
    /// What goes wrong on a real line if it does not, and what usually causes it.
    pub why: &'static str,
    /// Where the requirement comes from.
    pub source: &'static str,
    /// Whether a run fails for it.
    pub grade: Grade,
    /// How it is played.
    pub play: Play,
}

/// How binding a case is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Grade {
    /// Calls are lost, or taken by nobody, where it does not hold.
    Must,
    /// Counts with `--strict` only.
    Should,
}

/// How a case is played.
pub enum Play {
    /// A genuine request of an unusual shape is accepted.
    Accepts(Variation),
    /// A request that is not what was signed is refused, and changes nothing.
    Refuses(Forgery),
    /// Anything else.
    Scene(Scene),
}

/// A scene on a stage.
pub type Scene = for<'s> fn(&'s Stage<'_>) -> Playing<'s>;

/// A scene being played.
pub type Playing<'s> = Pin<Box<dyn Future<Output = Verdict> + 's>>;

/// How a case went: it holds, or why it was stopped.
pub type Verdict = Result<(), Stop>;

/// Why a case was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It does not apply to this handler, or nothing can be told about it.
    Skip(String),
    /// It does not hold.
    Fail(Box<Failure>),
}

/// What does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What had to happen.
    pub expected: String,
    /// What happened.
    pub actual: String,
    /// Which of the stage's exchanges shows it, counted from 0.
    pub at: Option<usize>,
    /// What was done to the request, or the smallest example that fails.
    pub detail: Option<String>,
}

impl Case {
    /// What stands before the slash.
    pub fn family(&self) -> &'static str {
        self.id.split('/').next().unwrap_or(self.id)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl Grade {
    /// `MUST` or `SHOULD`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        }
    }
}

impl Stop {
    /// It does not apply, because of this.
    pub fn skip(why: impl Into<String>) -> Self {
        Self::Skip(why.into())
    }

    /// It does not hold.
    pub fn fail(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self::Fail(Box::new(Failure {
            expected: expected.into(),
            actual: actual.into(),
            at: None,
            detail: None,
        }))
    }

    /// The same, shown by this exchange.
    #[must_use]
    pub fn at(mut self, exchange: usize) -> Self {
        if let Self::Fail(failure) = &mut self {
            failure.at = Some(exchange);
        }
        self
    }

    /// The same with a word on what was done. What stands there already is closer to it, and stays.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        if let Self::Fail(failure) = &mut self {
            failure.detail.get_or_insert_with(|| detail.into());
        }
        self
    }
}
