//! The graphs: what the agent registers, and where each value comes from.

use serde_json::{Map, Value as Json, json};

use super::rates::Total;
use crate::health::Health;

/// A graph.
#[derive(Debug)]
pub struct Graph {
    /// The part of the metric's name before its last dot, without the prefix.
    pub name: &'static str,
    label: &'static str,
    unit: &'static str,
    /// Its lines.
    pub metrics: &'static [Metric],
}

/// A line of a graph.
#[derive(Debug)]
pub struct Metric {
    /// The last part of the metric's name.
    pub name: &'static str,
    label: &'static str,
    /// Where it comes from.
    pub value: Value,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// As it stands now.
    Now(fn(&Health) -> u64),
    /// How much the total has grown, for a minute.
    PerMinute(Total),
}

const fn now(name: &'static str, label: &'static str, value: fn(&Health) -> u64) -> Metric {
    Metric {
        name,
        label,
        value: Value::Now(value),
    }
}

const fn per_minute(name: &'static str, label: &'static str, total: Total) -> Metric {
    Metric {
        name,
        label,
        value: Value::PerMinute(total),
    }
}

/// All graphs.
pub const GRAPHS: &[Graph] = &[
    Graph {
        name: "open",
        label: "Open",
        unit: "integer",
        metrics: &[
            now("alerts", "Alerts", |health| health.open_alerts),
            now("escalations", "Escalations", |health| {
                health.open_escalations
            }),
            now("calls", "Live calls", |health| health.live_calls),
        ],
    },
    Graph {
        name: "pending",
        label: "Waiting",
        unit: "integer",
        metrics: &[
            now("spool", "Events in the spool", |health| {
                health.spool_pending
            }),
            now("outbox", "Notices to send", |health| health.outbox_pending),
        ],
    },
    Graph {
        name: "calls",
        label: "Calls per minute",
        unit: "float",
        metrics: &[
            per_minute("placed", "Placed", Total::CallsPlaced),
            per_minute("answered", "Answered", Total::CallsAnswered),
            per_minute("failed", "Not reached", Total::CallsFailed),
        ],
    },
    Graph {
        name: "events",
        label: "Events per minute",
        unit: "float",
        metrics: &[
            per_minute("accepted", "Accepted", Total::EventsAccepted),
            per_minute("acknowledged", "Acknowledged", Total::Acknowledged),
        ],
    },
    Graph {
        name: "core",
        label: "Core",
        unit: "seconds",
        metrics: &[now("uptime", "Uptime", |health| health.uptime_secs)],
    },
];

/// The description that the agent asks for: a marker line, then JSON.
pub fn meta(prefix: &str) -> String {
    let graphs: Map<String, Json> = GRAPHS
        .iter()
        .map(|graph| {
            let metrics: Vec<_> = graph
                .metrics
                .iter()
                .map(|metric| json!({"name": metric.name, "label": metric.label, "stacked": false}))
                .collect();
            let label = format!("rinban: {}", graph.label);
            let graph_json = json!({"label": label, "unit": graph.unit, "metrics": metrics});
            (format!("{prefix}.{}", graph.name), graph_json)
        })
        .collect();
    format!("# mackerel-agent-plugin\n{}\n", json!({ "graphs": graphs }))
}
