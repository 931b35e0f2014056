//! `[policies.NAME]`: who is called how.

use std::{collections::BTreeMap, sync::Arc};

use super::{ProviderConfig, reader::Section};
use crate::{
    alert::Severity,
    escalation::{Policy, Way},
    roster::Channel,
};

const WAYS: [(&str, Way); 3] = [
    ("voice", Way::Voice),
    ("sms", Way::Sms),
    ("both", Way::Both),
];

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// All policies, `default` among them; one with a mistake stands there too, so that no group is blamed for naming it. What
/// nothing reaches from outside says its messages `inline`.
pub(super) fn policies(
    root: &Section<'_>,
    providers: &[ProviderConfig],
    inline: bool,
) -> BTreeMap<String, Arc<Policy>> {
    let sections = root.named("policies");
    let mut policies = BTreeMap::new();
    for (name, section) in &sections {
        let policy = policy(section, inline);
        check_carried(section, &policy.steps, providers);
        policies.insert((*name).to_owned(), Arc::new(policy));
    }
    if !policies.contains_key("default") {
        let built_in = Policy {
            inline,
            ..Policy::default()
        };
        check_carried(root, &built_in.steps, providers);
        policies.insert("default".to_owned(), Arc::new(built_in));
    }
    policies
}

/// Records that a step needs a channel which no provider carries.
fn check_carried(section: &Section<'_>, steps: &[Way], providers: &[ProviderConfig]) {
    let is_carried = |channel| providers.iter().any(|provider| provider.carries(channel));
    let needs = [
        (Channel::Voice, steps.iter().any(|step| step.calls())),
        (Channel::Sms, steps.iter().any(|step| step.writes())),
    ];
    for (channel, is_needed) in needs {
        // Without any provider that is the mistake.
        if is_needed && !providers.is_empty() && !is_carried(channel) {
            let what = match section.name.as_str() {
                "" => "policies without `steps` reach people by voice".to_owned(),
                _ => format!("`{}` reaches people by {channel}", section.path("steps")),
            };
            section.wrong(
                section.at,
                format!("{what}, but no provider carries it"),
                format!(
                    "add \"{channel}\" to the `channels` of a provider, or leave it out of the steps of [policies.default]"
                ),
            );
        }
    }
}

fn policy(section: &Section<'_>, inline: bool) -> Policy {
    let default = Policy::default();
    let severities = Severity::ALL.map(|severity| (severity.as_str(), severity));
    Policy {
        call_from: section
            .choice("call_from", &severities)
            .unwrap_or(default.call_from),
        steps: steps(section).unwrap_or(default.steps),
        reply_wait: section
            .seconds("reply_wait_secs", 1.0..=DAY)
            .unwrap_or(default.reply_wait),
        message_unless_ringing: section
            .seconds("message_unless_ringing_secs", 5.0..=600.0)
            .unwrap_or(default.message_unless_ringing),
        switch_unless_ringing: section
            .seconds("switch_unless_ringing_secs", 5.0..=600.0)
            .unwrap_or(default.switch_unless_ringing),
        // Twilio, Call resource, Timeout: at most 600 s.
        ring_timeout: section
            .seconds("ring_timeout_secs", 1.0..=600.0)
            .unwrap_or(default.ring_timeout),
        // Twilio, Call resource, TimeLimit: at most 4 hours.
        call_limit: section
            .seconds("call_limit_secs", 10.0..=14_400.0)
            .unwrap_or(default.call_limit),
        callback_grace: section
            .seconds("callback_grace_secs", 0.1..=300.0)
            .unwrap_or(default.callback_grace),
        round_pause: section
            .seconds("round_pause_secs", 1.0..=DAY)
            .unwrap_or(default.round_pause),
        ack_timeout: section
            .seconds("ack_timeout_secs", 1.0..=7.0 * DAY)
            .unwrap_or(default.ack_timeout),
        max_rounds: section
            .whole("max_rounds", 1..=1_000_000)
            .or(default.max_rounds),
        max_calls_per_hour: section
            .whole("max_calls_per_hour", 1..=1_000)
            .unwrap_or(default.max_calls_per_hour),
        message_repeats: section
            .whole("message_repeats", 1..=20)
            .map_or(default.message_repeats, |repeats| repeats as u16),
        allow_close: section.flag("allow_close").unwrap_or(default.allow_close),
        inline,
        answer_takes: section.flag("answer_takes").unwrap_or(default.answer_takes),
    }
}

/// How each person is reached, one step after another.
fn steps(section: &Section<'_>) -> Option<Vec<Way>> {
    let steps = section.choices("steps", &WAYS)?;
    if steps.is_empty() {
        section.wrong(
            section.at,
            format!("`{}` is empty", section.path("steps")),
            "write steps = [\"voice\"], or leave the key out",
        );
    }
    Some(steps)
}
