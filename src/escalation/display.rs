//! The journal as people read it: one line for what was seen, one for each thing decided.

use std::fmt;

use super::{Effect, Entry, Heard, Input, Left, News, Said};

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>4}  {:.3}  {}", self.number, self.at, self.input)?;
        for effect in self.effects.iter() {
            write!(f, "\n{:32}-> {effect}", "")?;
        }
        Ok(())
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened { group, headline } => {
                write!(
                    f,
                    "opened for {group}: {} {}",
                    headline.severity, headline.title
                )
            }
            Self::AlertJoined { headline, counts } => {
                write!(
                    f,
                    "joined by {}: {} ({} open)",
                    headline.alert, headline.title, counts.open
                )
            }
            Self::AlertLeft {
                alert, why, counts, ..
            } => {
                match why {
                    Left::Recovered(None) => write!(f, "{alert} recovered"),
                    Left::Recovered(Some(reason)) => write!(f, "{alert} is over: {reason}"),
                    Left::TakenBy(by) => write!(f, "{alert} was taken in the monitor by {by}"),
                }?;
                write!(f, " ({} waiting, {} open)", counts.waiting, counts.open)
            }
            Self::Mustered { candidates, .. } => {
                f.write_str("on call:")?;
                for candidate in candidates {
                    write!(f, " {}", candidate.member)?;
                }
                if candidates.is_empty() {
                    f.write_str(" nobody")
                } else {
                    Ok(())
                }
            }
            Self::Routed {
                attempt,
                engaged: true,
                ..
            } => {
                write!(
                    f,
                    "{attempt} cannot start: the person is on another call of ours"
                )
            }
            Self::Routed {
                attempt,
                provider: Some(provider),
                ..
            } => {
                write!(f, "{attempt} goes through {provider}")
            }
            Self::Routed {
                attempt,
                provider: None,
                ..
            } => {
                write!(f, "{attempt} cannot start: no provider is left")
            }
            Self::Waits { attempt, until } => {
                write!(
                    f,
                    "{attempt} waits until {until}: the providers take nothing more at present"
                )
            }
            Self::Placed { attempt, call } => write!(f, "{attempt} is placed as {call}"),
            Self::PlaceFailed {
                attempt,
                fault,
                possible_duplicate,
            } => {
                write!(f, "{attempt} failed: {fault}")?;
                if *possible_duplicate {
                    f.write_str("; it may ring all the same")
                } else {
                    Ok(())
                }
            }
            Self::Status {
                attempt, status, ..
            } => write!(f, "{attempt} is {}", status.as_str()),
            Self::Voice {
                attempt,
                stage,
                heard,
                ..
            } => {
                write!(f, "{attempt} at stage {stage}: {heard}")
            }
            Self::Answered {
                attempt, by_person, ..
            } => {
                let who = if *by_person { "a person" } else { "a machine" };
                write!(f, "{attempt} was answered by {who}")
            }
            Self::MessageRouted {
                attempt,
                provider: Some(provider),
            } => write!(f, "message {attempt} goes through {provider}"),
            Self::MessageRouted {
                attempt,
                provider: None,
            } => write!(f, "message {attempt} is not sent: no provider is left"),
            Self::MessageWaits { attempt, until } => write!(
                f,
                "message {attempt} waits until {until}: the providers take nothing more at present"
            ),
            Self::MessageSent { attempt, message } => {
                write!(f, "message {attempt} is accepted as {message}")
            }
            Self::MessageFailed {
                attempt,
                fault,
                possible_duplicate,
            } => {
                write!(f, "message {attempt} failed: {fault}")?;
                if *possible_duplicate {
                    f.write_str("; it may arrive all the same")
                } else {
                    Ok(())
                }
            }
            Self::Receipt {
                attempt, status, ..
            } => write!(f, "message {attempt} is {}", status.as_str()),
            Self::Reply { attempt, said, .. } => write!(f, "reply to message {attempt}: {said}"),
            Self::Woke => f.write_str("the time has come"),
            Self::Restarted => f.write_str("another core took over"),
        }
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer => f.write_str("answered"),
            Self::Keys(keys) => write!(f, "pressed {keys:?}"),
            Self::Silence => f.write_str("no key"),
            Self::Trouble(Some(code)) => write!(f, "trouble {code} with our answer"),
            Self::Trouble(None) => f.write_str("trouble with our answer"),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Take => "takes it",
            Self::Pass => "passes it on",
            Self::Close => "closes it",
            Self::Other => "not understood",
        })
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Muster => f.write_str("ask who is on call"),
            Self::Route {
                attempt, member, ..
            } => {
                write!(f, "ask who carries {attempt} to {member}")
            }
            Self::Place {
                attempt,
                member,
                provider,
                ..
            } => {
                write!(f, "call {member} through {provider} ({attempt})")
            }
            Self::LookUp { attempt, .. } => write!(f, "look {attempt} up: it does not ring yet"),
            Self::NotRinging { attempt, provider } => {
                write!(
                    f,
                    "count it against {provider} that {attempt} does not ring"
                )
            }
            Self::RouteMessage {
                attempt, member, ..
            } => {
                write!(f, "ask who carries message {attempt} to {member}")
            }
            Self::Send {
                attempt,
                member,
                provider,
            } => write!(f, "write to {member} through {provider} ({attempt})"),
            Self::Answer { attempt, line } => {
                write!(f, "answer the reply to message {attempt}: {line:?}")
            }
            Self::EndCall { attempt, call, .. } => write!(f, "end {attempt} ({call})"),
            Self::Speak { attempt, line, .. } => write!(f, "say to {attempt}: {line:?}"),
            Self::Refuse { attempt } => write!(f, "refuse a request of {attempt}"),
            Self::TakeAlerts { by } => write!(f, "the alerts are taken by {by}"),
            Self::ReleaseAlerts => f.write_str("nobody holds the alerts any more"),
            Self::CloseAlerts { by } => write!(f, "the alerts are closed by {by}"),
            Self::Tell { news } => write!(f, "tell: {news}"),
        }
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened => f.write_str("opened"),
            Self::Noted => f.write_str("noted, too mild to call anybody"),
            Self::Calling { member, round } => write!(f, "calling {member}, round {round}"),
            Self::Writing { member, round } => write!(f, "writing to {member}, round {round}"),
            Self::NotReached { member, outcome } => write!(f, "{member} not reached: {outcome}"),
            Self::Answered { member } => write!(f, "{member} answered"),
            Self::Acknowledged { by } => write!(f, "acknowledged by {by}"),
            Self::Closed { by } => write!(f, "closed by {by}"),
            Self::Recovered { reason: None } => f.write_str("recovered"),
            Self::Recovered {
                reason: Some(reason),
            } => write!(f, "over: {reason}"),
            Self::Resumed => f.write_str("not closed in time, calling resumes"),
            Self::NobodyOnCall => f.write_str("nobody is on call"),
            Self::Exhausted { rounds } => write!(f, "nobody took it in {rounds} rounds"),
            Self::Provider {
                provider,
                channel,
                became,
            } => write!(f, "{provider} ({channel}): {became}"),
            Self::Broken { provider, fault } => write!(f, "{provider} needs an operator: {fault}"),
        }
    }
}
