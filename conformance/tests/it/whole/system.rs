//! A core, its two carriers, and the people who are called.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use conformance::serve::{
    Options, StandIn,
    journal::{Record, What},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    core::{Core, Home},
    http,
    judge::Taken,
};

pub(crate) const ACCOUNT: [&str; 2] = [
    "AC00000000000000000000000000000001",
    "AC00000000000000000000000000000002",
];
pub(crate) const TOKEN: [&str; 2] = ["tokenofthefirstcarrier", "tokenofthesecondcarrier"];
pub(crate) const API_KEY: &str = "keyofthemonitor0123456789";

/// How long anything may take that is under way; far longer than it does on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a system is to be.
pub(crate) struct Plan {
    /// The first carrier and the second; their accounts are set here.
    pub(crate) carriers: [Options; 2],
    /// Where the core looks for the first carrier; none: where it is.
    pub(crate) first_base_url: Option<String>,
    /// Where the core listens; none: on a free port.
    pub(crate) listen: Option<SocketAddr>,
    /// Where carriers look for the core; none: where it is. Its own address is put in the place of `CORE`.
    pub(crate) public_url: Option<String>,
    /// How many members each group has.
    pub(crate) team: usize,
    pub(crate) groups: usize,
    /// `calls_per_second` of both carriers, as the core is told; none: not told.
    pub(crate) calls_per_second: Option<u32>,
    /// `[policies.quick]`, without its name.
    pub(crate) policy: &'static str,
    /// More configuration, and more environment.
    pub(crate) more: String,
    pub(crate) environment: Vec<(String, String)>,
}

/// A running system.
pub(crate) struct System {
    _dir: TempDir,
    _runtime: tokio::runtime::Runtime,
    pub(crate) home: Home,
    pub(crate) carriers: [StandIn; 2],
    pub(crate) core: Option<Core>,
    team: usize,
    groups: usize,
}

/// A phone rings for 8 s at least; whoever is not heard of after that is given up quickly.
pub(crate) const POLICY: &str = "ring_timeout_secs = 10\ncallback_grace_secs = 0.5\nround_pause_secs = 1\n\
                                 max_calls_per_hour = 1000\nmessage_repeats = 2\ncall_limit_secs = 30\n";

/// Two carriers whose phones are fast.
pub(crate) fn fast(speed: f64) -> Options {
    Options {
        speed,
        calls_per_second: 1_000.0,
        requests_at_once: 1_000,
        kept: 1_000_000,
        ..Options::new("", "")
    }
}

impl Default for Plan {
    /// One group of one, whose phone is taken; nothing goes wrong.
    fn default() -> Self {
        Self {
            carriers: [fast(40.0), fast(40.0)],
            first_base_url: None,
            listen: None,
            public_url: None,
            team: 1,
            groups: 1,
            calls_per_second: Some(1_000),
            policy: POLICY,
            more: String::new(),
            environment: Vec::new(),
        }
    }
}

/// The number of a member.
pub(crate) fn number(group: usize, member: usize) -> String {
    format!("+8190{:08}", group * 10 + member)
}

/// The group of a number.
pub(crate) fn group_of(number: &str) -> Option<usize> {
    let digits = number.strip_prefix("+8190")?;
    Some(digits.parse::<usize>().ok()? / 10)
}

impl System {
    /// Starts everything.
    pub(crate) fn start(plan: Plan) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let Plan {
            carriers: [first, second],
            ..
        } = plan;
        let start = |options: Options, at: usize| {
            let options = Options {
                account_sid: ACCOUNT[at].to_owned(),
                auth_token: TOKEN[at].into(),
                ..options
            };
            runtime.block_on(StandIn::start(options)).expect("a port")
        };
        let carriers = [start(first, 0), start(second, 1)];
        let dir = tempfile::tempdir().expect("a directory");
        let listen = plan.listen.unwrap_or_else(Self::free_port);
        let text = config(
            &Told {
                listen,
                first: plan
                    .first_base_url
                    .unwrap_or_else(|| carriers[0].base_url()),
                second: carriers[1].base_url(),
                public_url: plan
                    .public_url
                    .unwrap_or_else(|| "http://CORE".to_owned())
                    .replace("CORE", &listen.to_string()),
                calls_per_second: plan.calls_per_second,
                policy: plan.policy,
                more: &plan.more,
            },
            plan.groups,
            plan.team,
        );
        std::fs::write(dir.path().join("rinban.toml"), text).expect("the configuration");
        let home = home(dir.path(), plan.environment);
        let core = Some(home.serve());
        Self {
            _dir: dir,
            _runtime: runtime,
            home,
            carriers,
            core,
            team: plan.team,
            groups: plan.groups,
        }
    }

    /// A port that nobody listens at.
    pub(crate) fn free_port() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("its number")
    }

    /// Hands the problem of a group over, again and again until it is accepted.
    pub(crate) fn alert(&self, group: usize) {
        let event = event(group, "problem", 0);
        self.hand_over(&event);
    }

    /// Hands an event over.
    pub(crate) fn hand_over(&self, event: &Value) {
        let address = self.address();
        let accepted = within(PATIENCE, || {
            http::post(address, "/v1/events", API_KEY, &event.to_string())
                .is_ok_and(|status| status == 202)
                .then_some(())
        });
        assert!(
            accepted.is_some(),
            "no event is accepted: {}",
            self.home.all_said()
        );
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.core.as_ref().expect("a core runs").address
    }

    /// SIGKILL, and at once another core.
    pub(crate) fn crash(&mut self) {
        self.core.take().expect("a core runs").kill();
        self.core = Some(self.home.serve());
    }

    /// Waits until the phone of somebody of every group was told that the alert is taken.
    pub(crate) fn wait_until_taken(&self, limit: Duration) -> bool {
        let mut taken = Taken::default();
        within(limit, || (taken.look(self) >= self.groups).then_some(())).is_some()
    }

    /// What both carriers saw, in the order of time, each with the carrier's place.
    pub(crate) fn seen(&self) -> Vec<(usize, Record)> {
        let all = self.carriers.iter().enumerate();
        let mut all: Vec<_> = all
            .flat_map(|(at, carrier)| {
                let records = carrier.journal().after(0);
                records.into_iter().map(move |record| (at, record))
            })
            .collect();
        all.sort_by_key(|(_, record)| record.at);
        all
    }

    /// The requests that a carrier saw, by what they ask for.
    pub(crate) fn requests(&self, carrier: usize) -> Vec<(jiff::Timestamp, String)> {
        let records = self.carriers[carrier].journal().after(0);
        let requests = records.into_iter().filter_map(|record| match record.what {
            What::Request { method, path, .. } => {
                let path = path.split('?').next().unwrap_or_default();
                let path = path.split("/Accounts/").nth(1).unwrap_or_default();
                let path = path.split_once('/').map_or("", |(_, rest)| rest);
                let path = path.split('/').next().unwrap_or_default();
                Some((record.at, format!("{method} {path}").trim().to_owned()))
            }
            _ => None,
        });
        requests.collect()
    }

    /// The journals of all escalations, as the command prints them, in the order of their numbers.
    pub(crate) fn journals(&self) -> Vec<Vec<Value>> {
        let list = self.home.output(&["journal"]).stdout;
        let list = String::from_utf8(list).expect("UTF-8");
        // The newest comes first.
        let newest = list
            .split_whitespace()
            .next()
            .and_then(|id| id.parse().ok());
        let next = AtomicUsize::new(1);
        let journals = Mutex::new(BTreeMap::new());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let id = next.fetch_add(1, Ordering::Relaxed);
                        if id > newest.unwrap_or(0) {
                            return;
                        }
                        let journal = self.journal(id);
                        journals.lock().expect("no panic").insert(id, journal);
                    }
                });
            }
        });
        journals
            .into_inner()
            .expect("no panic")
            .into_values()
            .collect()
    }

    fn journal(&self, id: usize) -> Vec<Value> {
        let output = self.home.output(&["journal", "--json", &id.to_string()]);
        assert!(output.status.success(), "no journal {id}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let entries = text.lines();
        entries
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    /// What the core and the carriers say of a group, for a person who looks for a mistake.
    pub(crate) fn story(&self, group: usize) -> String {
        let mut story = String::new();
        let list = self.journals();
        for (at, journal) in list.iter().enumerate() {
            if journal[0]["input"]["group"] == format!("g{group}") {
                let output = self.home.output(&["journal", &(at + 1).to_string()]);
                story += &String::from_utf8_lossy(&output.stdout);
            }
        }
        for (carrier, record) in self.seen() {
            let about = serde_json::to_string(&record).expect("JSON");
            if (0..self.team).any(|member| about.contains(&number(group, member)[1..])) {
                let _ = writeln!(story, "carrier {carrier}: {record}");
            }
        }
        story
    }

    pub(crate) fn team(&self) -> usize {
        self.team
    }

    pub(crate) fn groups(&self) -> usize {
        self.groups
    }
}

/// Something that a monitor says of a group.
pub(crate) fn event(group: usize, kind: &str, nth: usize) -> Value {
    json!({
        "id": format!("{kind}-{group}-{nth}"),
        "source": "tests",
        "dedup_key": format!("{group}-{nth}"),
        "group": format!("g{group}"),
        "kind": kind,
        "severity": "critical",
        "title": format!("disk {group} is full"),
        "received_at": "2026-01-05T00:00:00Z",
    })
}

fn home(dir: &Path, more: Vec<(String, String)>) -> Home {
    let mut environment = vec![
        ("TOKEN_0".to_owned(), TOKEN[0].to_owned()),
        ("TOKEN_1".to_owned(), TOKEN[1].to_owned()),
        ("API_KEY".to_owned(), API_KEY.to_owned()),
        ("NO_PROXY".to_owned(), "127.0.0.0/8".to_owned()),
    ];
    environment.extend(more);
    Home {
        dir: dir.to_owned(),
        environment,
        said: Arc::default(),
    }
}

/// What the configuration says.
struct Told<'t> {
    listen: SocketAddr,
    first: String,
    second: String,
    public_url: String,
    calls_per_second: Option<u32>,
    policy: &'t str,
    more: &'t str,
}

fn config(told: &Told<'_>, groups: usize, team: usize) -> String {
    let mut text = format!(
        "state_dir = \"state\"\ndefault_group = \"g0\"\n[server]\nlisten = \"{}\"\npublic_url = \"{}\"\n\
         [[server.api_keys]]\nname = \"tests\"\nkey_env = \"API_KEY\"\nper_minute = 100000\n[policies.quick]\n{}",
        told.listen, told.public_url, told.policy
    );
    for (at, (name, url)) in [("first", &told.first), ("second", &told.second)]
        .iter()
        .enumerate()
    {
        let _ = write!(
            text,
            "[[providers]]\nname = \"{name}\"\nkind = \"twilio\"\nbase_url = \"{url}\"\naccount_sid = \"{}\"\n\
             auth_token_env = \"TOKEN_{at}\"\nfrom = \"+81500000000{at}\"\nconnection_overrides = \"rc=2&rp=5xx,ct,rt\"\n",
            ACCOUNT[at]
        );
        if let Some(rate) = told.calls_per_second {
            let _ = writeln!(text, "calls_per_second = {rate}");
        }
    }
    for group in 0..groups {
        let names = (0..team).map(|member| format!("\"m{group}-{member}\""));
        let names = names.collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            text,
            "[groups.g{group}]\nmembers = [{names}]\npolicy = \"quick\""
        );
        for member in 0..team {
            let number = number(group, member);
            let _ = writeln!(
                text,
                "[members.m{group}-{member}]\nnumber = \"{number}\"\nlanguage = \"en\""
            );
        }
    }
    text + told.more
}

/// Looks again and again until there is something to see.
pub(crate) fn within<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let give_up = Instant::now() + limit;
    loop {
        let seen = look();
        if seen.is_some() || Instant::now() > give_up {
            return seen;
        }
        thread::sleep(Duration::from_millis(20));
    }
}
