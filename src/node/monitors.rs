//! The configured monitors, each with its client.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::{sync::mpsc, task::JoinHandle};

use super::NodeError;
use crate::{
    alert::{Event, SourceName},
    config::{Config, Monitor, SourceConfig},
    engine::{Engine, Watches},
    monitor::{
        MonitorKind, Style, mackerel,
        watch::{self, Reader, Reading},
        zabbix,
    },
    notice::Sender,
    provider,
    server::Door,
    store::StoreError,
};

/// What each monitor says, by the source of its alerts.
pub(super) type Readings = Vec<(SourceName, mpsc::UnboundedReceiver<Reading>)>;

/// Starts what asks the monitors.
pub(super) fn watches(config: &Config) -> Result<(Watches, Readings), NodeError> {
    let (mut watches, mut readings) = (Watches::new(), Readings::new());
    for monitor in &config.monitors {
        let (ask, asked) = mpsc::unbounded_channel();
        let (send, taken) = mpsc::unbounded_channel();
        let reader: Box<dyn Reader> = match monitor.kind {
            MonitorKind::Zabbix => Box::new(zabbix::Reader::new(zabbix_client(monitor)?)),
            MonitorKind::Mackerel => Box::new(mackerel::Reader::new(mackerel_client(monitor)?)),
        };
        tokio::spawn(watch::run(reader, asked, send, Timestamp::now));
        watches.insert(monitor.source.clone(), ask);
        readings.push((monitor.source.clone(), taken));
    }
    Ok((watches, readings))
}

/// Hands in what the monitors say, by the door by which all events come.
pub(super) fn take_in(engine: &Engine, readings: Readings) {
    for (source, mut readings) in readings {
        let engine = engine.clone();
        tokio::spawn(async move {
            while let Some(Reading { events }) = readings.recv().await {
                if let Err(error) = accept(&engine, events).await {
                    // The next reading says it again.
                    tracing::error!("what a monitor said could not be stored: {error}");
                    continue;
                }
                engine.monitor_read(source.clone()).await;
            }
        });
    }
}

async fn accept(engine: &Engine, events: Vec<Event>) -> Result<(), StoreError> {
    if !events.is_empty() {
        engine.accept(events).await?;
    }
    Ok(())
}

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
