//! Who asks the monitors.

use std::collections::HashMap;

use tokio::sync::mpsc::UnboundedSender;

use crate::{alert::SourceName, monitor::Open};

/// By source, who asks its monitor how alerts stand. What comes of it is handed in as events are.
pub type Watches = HashMap<SourceName, UnboundedSender<Vec<Open>>>;

/// Hands each monitor its own.
pub(super) fn ask(watches: &Watches, open: Vec<Open>) {
    let mut of_source: HashMap<SourceName, Vec<Open>> = HashMap::new();
    for alert in open {
        let source = alert.headline.alert.source.clone();
        of_source.entry(source).or_default().push(alert);
    }
    for (source, open) in of_source {
        if let Some(watch) = watches.get(&source) {
            // A watch ends with the node only.
            let _ = watch.send(open);
        }
    }
}
