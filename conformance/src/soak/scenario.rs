//! Questions of a pager's operator that one or a few worlds answer: each prints its figures and says whether they are as they have
//! to be.

pub mod limiter;
pub mod outage;
pub mod pages;
pub mod takeover;

use std::fmt;

use super::{check::Broken, run::Job};
use crate::status::Status;

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// What 30 % faults of the carriers do to pages: how many are lost, how many calls are double, how much later phones ring
    Pages,
    /// What an hour without the preferred carrier does to it and to everybody else
    Outage,
    /// What a core that takes over knows of its carriers
    Takeover,
    /// How well a carrier's rate is held under 256 callers at once
    Limiter,
}

/// An answer: figures, and what is wrong with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Name and value, in order.
    pub figures: Vec<(String, String)>,
    /// What is not as it has to be.
    pub wrong: Vec<String>,
}

impl Answer {
    /// Adds a figure.
    pub fn figure(&mut self, name: impl Into<String>, value: impl fmt::Display) {
        self.figures.push((name.into(), value.to_string()));
    }

    /// What has to be so.
    pub fn must(&mut self, holds: bool, what: impl Into<String>) {
        if !holds {
            self.wrong.push(what.into());
        }
    }

    /// A promise may have been broken.
    pub fn keeps(&mut self, broken: Option<&Broken>) {
        if let Some(broken) = broken {
            self.wrong.push(broken.to_string());
        }
    }
}

/// Answers a question.
pub fn answer(scenario: Scenario, job: &Job) -> Answer {
    match scenario {
        Scenario::Pages => pages::answer(job),
        Scenario::Outage => outage::answer(job.seed),
        Scenario::Takeover => takeover::answer(job.seed),
        Scenario::Limiter => limiter::answer(job.seed),
    }
}

/// Answers a question on standard output.
pub fn main(scenario: Scenario, job: &Job) -> Status {
    let answer = answer(scenario, job);
    for (name, value) in &answer.figures {
        println!("{name:<58}{value:>14}");
    }
    for wrong in &answer.wrong {
        println!("WRONG: {wrong}");
    }
    match answer.wrong.is_empty() {
        true => Status::Passed,
        false => Status::Failed,
    }
}

/// The middle one of some spans, in seconds.
fn median_secs(micros: &[u64]) -> f64 {
    let mut sorted = micros.to_vec();
    sorted.sort_unstable();
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    middle as f64 / 1e6
}
