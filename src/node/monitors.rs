//! The configured monitors, each with its client.

use std::sync::Arc;

use super::NodeError;
use crate::{
    config::{Config, Monitor, SourceConfig},
    monitor::{MonitorKind, Style, mackerel, zabbix},
    notice::Sender,
    provider,
    server::Door,
};

/// What writes back to a monitor.
pub(super) fn writer(config: &Config, monitor: &Monitor) -> Result<Arc<dyn Sender>, NodeError> {
    let style = style(config, monitor);
    Ok(match monitor.kind {
        MonitorKind::Zabbix => {
            let client = zabbix_client(monitor)?;
            Arc::new(zabbix::Writer::new(client, style, monitor.close))
        }
        MonitorKind::Mackerel => {
            let client = mackerel_client(monitor)?;
            let annotate = monitor.annotate.clone();
            Arc::new(mackerel::Writer::new(
                client,
                style,
                monitor.close,
                annotate,
            ))
        }
    })
}

/// The doors of the sources, each with the API that knows its alerts.
pub(super) fn doors(config: &Config) -> Result<Vec<Door>, NodeError> {
    let door = |source: &SourceConfig| {
        let is_its = |monitor: &&Monitor| Some(&monitor.name) == source.monitor.as_ref();
        let monitor = config.monitors.iter().find(is_its);
        let client = monitor.map(mackerel_client).transpose()?;
        Ok(Door::new(source, client))
    };
    config.sources.iter().map(door).collect()
}

fn zabbix_client(monitor: &Monitor) -> Result<zabbix::Client, NodeError> {
    let client = provider::client_for(&monitor.url)?;
    Ok(zabbix::Client::new(
        monitor.url.clone(),
        monitor.token.clone(),
        client,
    ))
}

fn mackerel_client(monitor: &Monitor) -> Result<mackerel::Client, NodeError> {
    let client = provider::client_for(&monitor.url)?;
    Ok(mackerel::Client::new(
        monitor.url.clone(),
        monitor.token.clone(),
        client,
    ))
}

fn style(config: &Config, monitor: &Monitor) -> Style {
    let zone = |group: &crate::config::Group| group.roster.zone().clone();
    let zones = config.groups.iter();
    Style {
        language: monitor.language,
        zones: zones
            .map(|(name, group)| (name.clone(), zone(group)))
            .collect(),
        other_zone: zone(&config.groups[&config.default_group]),
    }
}
