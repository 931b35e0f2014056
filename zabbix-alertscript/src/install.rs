//! `install`: would the Zabbix server of this host run us, and could its user hand an event over? It changes nothing and
//! says what is left to do. The last question is that of `--check`, which is asked of the installed program, as the
//! server's user.

use std::{
    env,
    ffi::OsString,
    fmt::Write as _,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use nix::unistd::{User, geteuid};

use crate::{
    run::{Status, complain, say},
    server_conf::{PLACES, ServerConf},
};

/// The name in `media-type.yaml`.
const SCRIPT: &str = "zabbix-alertscript";

/// Where servers look when their configuration does not say: official packages, source builds.
const DEFAULTS: [&str; 2] = [
    "/usr/lib/zabbix/alertscripts",
    "/usr/local/share/zabbix/alertscripts",
];

/// Whom a server runs as when its configuration does not say.
const USER: &str = "zabbix";

/// What is in the way, and what to do about it.
#[derive(Debug, thiserror::Error)]
enum Obstacle {
    #[error("unknown option {0:?}; write zabbix-alertscript install [--server-conf FILE]")]
    Option(OsString),
    #[error("no zabbix_server.conf in {}; name it with --server-conf FILE", PLACES.join(" or "))]
    NoConf,
    #[error("cannot read {}: {source}; run this as root, or name another with --server-conf FILE", .path.display())]
    Conf { path: PathBuf, source: io::Error },
    #[error("{} sets no AlertScriptsPath, and none of {} is there; set it to a directory", .0.display(), DEFAULTS.join(", "))]
    NoPath(PathBuf),
    #[error("AlertScriptsPath {dir} is not a directory; make it: install -d -m 755 {dir}", dir = .0.display())]
    NotADirectory(PathBuf),
    #[error("{to} is missing; put this program there: install -m 755 {from} {to}", from = .from.display(), to = .to.display())]
    Missing { from: PathBuf, to: PathBuf },
    #[error(
        "{to} is a link, which Zabbix 6.0.15 to 7.0.4 refuses when it leads out of the directory; \
         put the program itself there: install -m 755 {from} {to}", from = .from.display(), to = .to.display()
    )]
    Link { from: PathBuf, to: PathBuf },
    #[error("{program} is not executable for everybody: chmod 755 {program}", program = .0.display())]
    Mode(PathBuf),
    #[error(
        "there is no user {0:?}, whom the Zabbix server is to run as; is the server installed?"
    )]
    NoUser(String),
    #[error("only root can try it as {user}; run this as root, or: sudo -u {user} {} --check", .program.display())]
    NotRoot { user: String, program: PathBuf },
    #[error("{} cannot be run as {user}: {source}; everybody must be able to enter the directories above it", .program.display())]
    NotRun {
        user: String,
        program: PathBuf,
        source: io::Error,
    },
    #[error("what stands above must be put right; then, once more: {} install", .0.display())]
    Check(PathBuf),
}

/// Says on standard output what is well, on standard error what is not.
pub(crate) fn install(args: impl Iterator<Item = OsString>) -> Status {
    match look(args) {
        Ok(()) => {
            let _ =
                say("ready: import media-type.yaml, give a user the media type, make an action\n");
            Status::Accepted
        }
        Err(obstacle) => {
            complain(&format!("zabbix-alertscript: {obstacle}"));
            match obstacle {
                Obstacle::Option(_) => Status::Usage,
                _ => Status::NotHandedOver,
            }
        }
    }
}

fn look(args: impl Iterator<Item = OsString>) -> Result<(), Obstacle> {
    let path = server_conf(args)?;
    let conf = ServerConf::read(&path).map_err(|source| Obstacle::Conf {
        path: path.clone(),
        source,
    })?;
    let mut well = format!("server: {}\n", path.display());
    let dir = alert_scripts(&conf, path)?;
    let _ = writeln!(well, "alertscripts: {}", dir.display());
    let _ = say(&well);
    let program = program(&dir)?;
    let _ = say(&format!("program: {}\n", program.display()));
    check(&program, conf.user.as_deref().unwrap_or(USER))
}

fn server_conf(mut args: impl Iterator<Item = OsString>) -> Result<PathBuf, Obstacle> {
    let mut named = None;
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy();
        named = match text.strip_prefix("--server-conf") {
            Some("") => args.next().map(PathBuf::from),
            Some(value) => value.strip_prefix('=').map(PathBuf::from),
            None => None,
        };
        if named.is_none() {
            return Err(Obstacle::Option(arg));
        }
    }
    named
        .or_else(|| PLACES.iter().map(PathBuf::from).find(|path| path.exists()))
        .ok_or(Obstacle::NoConf)
}

fn alert_scripts(conf: &ServerConf, path: PathBuf) -> Result<PathBuf, Obstacle> {
    let Some(dir) = conf.alert_scripts.clone() else {
        let default = DEFAULTS.iter().map(PathBuf::from).find(|dir| dir.is_dir());
        return default.ok_or(Obstacle::NoPath(path));
    };
    match dir.is_dir() {
        true => Ok(dir),
        false => Err(Obstacle::NotADirectory(dir)),
    }
}

/// The program as Zabbix would run it.
fn program(dir: &Path) -> Result<PathBuf, Obstacle> {
    let to = dir.join(SCRIPT);
    let from = env::current_exe().unwrap_or_else(|_| SCRIPT.into());
    let Ok(meta) = to.symlink_metadata() else {
        return Err(Obstacle::Missing { from, to });
    };
    if meta.is_symlink()
        && to
            .canonicalize()
            .ok()
            .is_none_or(|real| !leads_inside(&real, dir))
    {
        return Err(Obstacle::Link { from, to });
    }
    let mode = to.metadata().map_or(0, |meta| meta.permissions().mode());
    match mode & 0o555 {
        0o555 => Ok(to),
        _ => Err(Obstacle::Mode(to)),
    }
}

fn leads_inside(real: &Path, dir: &Path) -> bool {
    dir.canonicalize().is_ok_and(|dir| real.starts_with(dir))
}

/// Runs the installed program with `--check` as Zabbix runs it: as the server's user, with next to no environment, from `/`.
fn check(program: &Path, name: &str) -> Result<(), Obstacle> {
    let user = User::from_name(name)
        .ok()
        .flatten()
        .ok_or_else(|| Obstacle::NoUser(name.to_owned()))?;
    let mut command = if geteuid() == user.uid {
        Command::new(program)
    } else if geteuid().is_root() {
        // Of util-linux; unlike the standard library it gives the user all groups, one of which may be that of the spool.
        let mut command = Command::new("setpriv");
        command
            .args([
                format!("--reuid={}", user.uid),
                format!("--regid={}", user.gid),
            ])
            .args(["--init-groups", "--"])
            .arg(program);
        command
    } else {
        return Err(Obstacle::NotRoot {
            user: user.name,
            program: program.to_owned(),
        });
    };
    let status = command
        .arg("--check")
        .env_clear()
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .current_dir("/")
        .stdin(Stdio::null())
        .status()
        .map_err(|source| Obstacle::NotRun {
            user: user.name,
            program: program.to_owned(),
            source,
        })?;
    match status.success() {
        true => Ok(()),
        false => Err(Obstacle::Check(program.to_owned())),
    }
}
