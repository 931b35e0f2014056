//! `rinban serve`: the core.

mod service_manager;

use std::{
    fs::OpenOptions,
    io::{IsTerminal, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Mutex,
    time::Duration,
};

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use self::service_manager::ServiceManager;
use super::{ConfigArg, Failure};
use crate::{config::Config, handoff, node::Node, regular_file};

/// How long threads that block are waited for.
const SHUTDOWN: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// Cut loose from whatever started it, and log to rinban.log in the state directory; plugins start a core so
    #[arg(long)]
    detached: bool,
}

pub(super) fn run(args: &Args, out: &mut dyn Write) -> Result<(), Failure> {
    if args.detached {
        handoff::detach().map_err(|error| Failure::World(format!("cannot detach: {error}")))?;
    }
    let config = match args.config.load() {
        Ok(config) => config,
        Err(failure) => {
            if args.detached {
                leave_word(args, &failure);
            }
            return Err(failure);
        }
    };
    start_log(args.detached.then_some(&config.state_dir))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::World(format!("cannot start: {error}")))?;
    // What started us detached is a plugin: the service manager in its environment is the monitor's.
    let manager = match args.detached {
        true => ServiceManager::default(),
        false => ServiceManager::of_environment(),
    };
    let ended = runtime.block_on(serve(config, &manager, out));
    // Everything is stored. What blocks still, such as asking for the address of a receiver, is of no use any more.
    runtime.shutdown_timeout(SHUTDOWN);
    if let Err(failure) = ended.as_ref()
        && args.detached
    {
        tracing::error!("{failure}");
    }
    ended
}

async fn serve(
    config: Config,
    manager: &ServiceManager,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let world = |error: std::io::Error| Failure::World(format!("cannot watch signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(world)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(world)?;
    let mut node = Node::start(config)
        .await
        .map_err(|error| Failure::World(error.to_string()))?;
    let engine = node.engine().clone();
    // The loop answers once it has taken up what the last core left.
    engine.load().await;
    let listening = format!("listening on http://{}", node.address());
    manager.ready(&listening);
    tracing::info!(address = %node.address(), version = env!("CARGO_PKG_VERSION"), "the core is ready");
    writeln!(out, "rinban is ready on http://{}", node.address())?;
    out.flush()?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = node.breaks() => {
            let text = "a part of the core ended by itself; start it again, and please report what the log says";
            return Err(Failure::World(text.to_owned()));
        }
        () = manager.keep_telling(&listening, || engine.load()) => {}
    }
    manager.stopping();
    drop(engine);
    tracing::info!("the core is ending");
    node.stop().await;
    Ok(())
}

/// Logs to standard error, or to the state directory's log. `RINBAN_LOG` filters, such as `debug` or `rinban::engine=trace`.
fn start_log(state_dir: Option<&std::path::PathBuf>) -> Result<(), Failure> {
    let filter = EnvFilter::try_from_env("RINBAN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter);
    // An error means that the program around us logs already.
    let _ = match state_dir {
        Some(dir) => log
            .with_ansi(false)
            .with_writer(Mutex::new(log_file(dir)?))
            .try_init(),
        None => log
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(std::io::stderr)
            .try_init(),
    };
    Ok(())
}

fn log_file(state_dir: &Path) -> Result<std::fs::File, Failure> {
    let path = handoff::log_path(state_dir);
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o640);
    std::fs::create_dir_all(state_dir)
        .and_then(|()| regular_file::open(&path, &mut options))
        .map_err(|error| {
            Failure::World(format!("cannot write the log {}: {error}", path.display()))
        })
}

/// A core that nobody watches and whose configuration is wrong leaves the reason where the plugin says it is.
fn leave_word(args: &Args, failure: &Failure) {
    let settings = crate::config::locate(args.config.config.as_deref())
        .ok()
        .and_then(|path| crate::config::handoff_settings(&path).ok());
    if let Some(mut log) = settings.and_then(|settings| log_file(&settings.state_dir).ok()) {
        // There is nowhere left to say that this failed.
        let _ = writeln!(log, "{failure}");
    }
}
