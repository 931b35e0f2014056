//! `rinban serve` as a process that can be killed, and `rinban` as a command that ends by itself.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use super::binary::rinban;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A directory with a configuration, and the environment of everything that runs there.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) dir: PathBuf,
    pub(crate) environment: Vec<(String, String)>,
    /// All that was ever printed by what ran there.
    pub(crate) said: Arc<Mutex<Vec<u8>>>,
}

/// A core that is ready. Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Core {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Home {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(rinban());
        command
            .args(args)
            .arg("--config")
            .arg(self.dir.join("rinban.toml"))
            .current_dir(&self.dir)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Runs a command that ends by itself.
    pub(crate) fn output(&self, args: &[&str]) -> Output {
        let output = self.command(args).output().expect("the binary runs");
        self.hear(&output.stdout);
        self.hear(&output.stderr);
        output
    }

    /// Starts a core and waits until it is ready.
    #[track_caller]
    pub(crate) fn serve(&self) -> Core {
        let mut command = self.command(&["serve"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (sender, first_line) = mpsc::channel();
        let home = self.clone();
        let stdout = stdout.expect("is piped");
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                home.hear(line.as_bytes());
                let _ = sender.send(line);
            }
        });
        let home = self.clone();
        let mut stderr = stderr.expect("is piped");
        thread::spawn(move || {
            let mut piece = [0; 8192];
            while let Ok(read @ 1..) = stderr.read(&mut piece) {
                home.hear(&piece[..read]);
            }
        });
        let line = first_line.recv_timeout(PATIENCE);
        let address = line
            .as_deref()
            .ok()
            .and_then(|line| line.strip_prefix("rinban is ready on http://"));
        match address.and_then(|address| address.parse().ok()) {
            Some(address) => Core { child, address },
            None => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("not ready ({line:?}): {}", self.all_said());
            }
        }
    }

    fn hear(&self, bytes: &[u8]) {
        let mut said = self.said.lock().expect("no panic");
        said.extend_from_slice(bytes);
        said.push(b'\n');
    }

    pub(crate) fn all_said(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().expect("no panic")).into_owned()
    }

    /// Every file below the directory.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        below(&self.dir)
    }
}

fn below(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a directory");
    entries
        .map(|entry| entry.expect("readable").path())
        .flat_map(|path| match path.is_dir() {
            true => below(&path),
            false => vec![path],
        })
        .collect()
}

impl Core {
    /// SIGKILL: no last word, no last write.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a child of ours");
        self.child.wait().expect("a child of ours");
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
