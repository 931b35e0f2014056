//! The configured monitors, each with its client.

use std::sync::Arc;

use tokio::task::JoinHandle;

use super::NodeError;
use crate::{
    config::{Config, Monitor},
    monitor::{MonitorKind, Style, mackerel, zabbix},
    notice::Sender,
    provider,
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

/// Starts to look for channels that Mackerel has suspended.
pub(super) fn watch_channels(
    config: &Config,
    suspended: &mackerel::Suspended,
) -> Result<Vec<JoinHandle<()>>, NodeError> {
    let is_mackerel = |monitor: &&Monitor| monitor.kind == MonitorKind::Mackerel;
    let mut tasks = Vec::new();
    for monitor in config.monitors.iter().filter(is_mackerel) {
        let name = monitor.name.to_string();
        let public_url = config.server.public_url.to_string();
        let watch = suspended
            .clone()
            .watch(name, mackerel_client(monitor)?, public_url);
        tasks.push(tokio::spawn(watch));
    }
    Ok(tasks)
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
