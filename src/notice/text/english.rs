//! English.

use crate::{
    alert::{HELD, Severity},
    escalation::{News, Outcome},
    notice::Notice,
    roster::MemberName,
};

pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "INFO",
        Severity::Warning => "WARNING",
        Severity::Error => "ERROR",
        Severity::Critical => "CRITICAL",
    }
}

pub(super) fn place(notice: &Notice) -> String {
    let (group, open, waiting) = (&notice.group, notice.counts.open, notice.counts.waiting);
    match open {
        0 | 1 => format!("({group})"),
        _ if waiting == open => format!("({group}, {open} alerts)"),
        _ => format!("({group}, {open} alerts, {waiting} of them waiting)"),
    }
}

pub(super) fn news(news: &News) -> String {
    match news {
        News::Opened => "New alert.".to_owned(),
        News::Noted => "New alert, too mild to call anybody.".to_owned(),
        News::Calling { member, round } => format!("Calling {member} (round {round})."),
        News::Writing { member, round } => format!("Sending {member} a message (round {round})."),
        News::NotReached { member, outcome } => not_reached(member, outcome),
        News::Answered { member } => format!("{member}'s phone was answered."),
        News::Acknowledged { by } if by == HELD => {
            "Suppressed in the monitor: nobody is called until that ends.".to_owned()
        }
        News::Acknowledged { by } => format!("{by} has taken it."),
        News::Closed { by } => format!("{by} closed it by phone."),
        News::Recovered { reason: None } => "Recovered.".to_owned(),
        News::Recovered {
            reason: Some(reason),
        } => format!("Over: {reason}"),
        News::Resumed => "Taken, but not closed in time: calling again.".to_owned(),
        News::NobodyOnCall => {
            "Nobody is on call, so nobody can be called. Mend the roster.".to_owned()
        }
        News::Exhausted { rounds } => {
            let s = if *rounds == 1 { "" } else { "s" };
            format!("Nobody took it in {rounds} round{s}. Calling ends here.")
        }
        News::Provider { became, .. } => became.to_string(),
        News::Broken { provider, fault } => {
            format!("Provider {provider} needs an operator: {fault}")
        }
    }
}

fn not_reached(member: &MemberName, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Busy => format!("{member}'s line was busy."),
        Outcome::NoAnswer => format!("{member} did not answer."),
        Outcome::Failed => format!("The call to {member} could not be connected."),
        Outcome::Canceled => format!("The call to {member} was cancelled."),
        Outcome::NoKey => format!("{member}'s phone was answered, but no key was pressed."),
        Outcome::Passed => format!("{member} passed it on to the next person."),
        Outcome::Taken => format!("{member} has taken it."),
        Outcome::Unheard => {
            format!("{member}'s phone was answered, but our message was never fetched.")
        }
        Outcome::NotRinging => {
            format!("{member}'s phone did not ring; another provider calls, if there is one.")
        }
        Outcome::NoReply => format!("{member} did not reply to the message."),
        Outcome::Lost => format!("No word from the provider about the call to {member}."),
        Outcome::NotPlaced(fault) => format!("{member} could not be called: {fault}"),
        Outcome::NoProvider => format!("{member} could not be called: no provider is left."),
        Outcome::Engaged => format!("{member} is on another call of ours."),
        Outcome::Resting => format!("{member} is skipped: called too often within the hour."),
    }
}
