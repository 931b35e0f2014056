//! The configuration as a whole: every file of `fixtures/config` gives what it announces.

use std::{fs, path::Path};

use jiff::SignedDuration;
use secrecy::ExposeSecret;

use super::*;
use crate::provider::twilio::{Abilities, Sender};

fn environment(name: &str) -> Option<String> {
    match name {
        "SECRET" => Some("hunter2".to_owned()),
        "LONG_SECRET" => Some("hunter2 hunter2 hunter2".to_owned()),
        "HOOK" => Some("https://hooks.example.com/T0/B0/x".to_owned()),
        "PLAIN_HOOK" => Some("http://hooks.example.com/T0/B0/x".to_owned()),
        "EMPTY" => Some(String::new()),
        "PATH_SECRET" => Some("hunter2hunter2hunter2".to_owned()),
        "PRIVATE_KEY" => Some(include_str!("../../fixtures/vonage/private.pem").to_owned()),
        _ => None,
    }
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/config")
        .join(folder);
    let files = fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<_> = files.map(|file| file.expect("readable").path()).collect();
    files.sort();
    files
}

fn load(path: &Path) -> Result<Config, ConfigErrors> {
    let text = fs::read_to_string(path).expect("readable");
    Config::parse_with(&text, path, &environment)
}

/// The errors that a file announces: line and what the message contains.
fn announced(text: &str) -> Vec<(usize, String)> {
    let mut announced = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for message in line.split("#!").skip(1) {
            let (line, message) = match message.strip_prefix('0') {
                Some(message) => (1, message),
                None => (index + 1, message),
            };
            announced.push((line, message.trim().to_owned()));
        }
    }
    announced
}

#[test]
fn good_files_are_read_without_an_error() {
    for path in fixtures("good") {
        if let Err(errors) = load(&path) {
            panic!("{errors}");
        }
    }
}

#[test]
fn wrong_files_give_all_their_errors_at_once_with_line_and_remedy() {
    for path in fixtures("wrong") {
        let text = fs::read_to_string(&path).expect("readable");
        let mut missing = announced(&text);
        assert!(!missing.is_empty(), "{} announces nothing", path.display());
        let errors = load(&path).expect_err("the file announces errors");
        for error in &errors.0 {
            let line = error.line.expect("has a line");
            let found = missing
                .iter()
                .position(|(at, message)| *at == line && error.message.contains(message));
            let Some(found) = found else {
                panic!("nothing announces this:\n{error}");
            };
            missing.swap_remove(found);
            assert!(error.message.contains("; "), "no remedy: {error}");
            assert!(!error.message.contains("hunter2"), "a secret: {error}");
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("{}:{line}: ", path.display()))
            );
        }
        assert!(
            missing.is_empty(),
            "{}: {missing:?} in\n{errors}",
            path.display()
        );
    }
}

#[test]
fn the_smallest_file_gets_sensible_defaults() {
    let config = load(&fixtures("good")[0]).expect("no error");
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8075");
    assert_eq!(
        config.server.public_url.to_string(),
        "http://127.0.0.1:8075"
    );
    assert_eq!(config.state_dir, Path::new("/var/lib/rinban"));
    assert_eq!(config.handoff.spool, Path::new("/var/lib/rinban/spool"));
    assert!(config.handoff.start_core);
    assert_eq!(config.handoff.deadline.as_secs(), 5);
    assert_eq!(config.default_group.as_str(), "web");
    assert_eq!(*config.groups["web"].policy, Policy::default());
    assert_eq!(config.simulator.speed, 1.0);
}

#[test]
fn the_whole_file_is_read_into_the_typed_configuration() {
    let config = load(&fixtures("good")[1]).expect("no error");
    assert_eq!(
        config.server.public_url.to_string(),
        "https://oncall.example.com/rinban"
    );
    assert_eq!(config.server.api_keys[0].key.expose_secret(), "hunter2");
    assert_eq!(
        config.handoff.cores[1].url,
        "https://core2.example.com:8443"
    );
    assert_eq!(config.handoff.deadline.as_millis(), 2500);
    let names: Vec<_> = config
        .providers
        .iter()
        .map(|provider| provider.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "twilio",
            "sim",
            "service",
            "signalwire",
            "somleng",
            "vonage",
            "paasoo"
        ]
    );
    check_providers(&config);
    assert_eq!(
        config.groups["web"].policy.ring_timeout,
        SignedDuration::from_secs(45)
    );
    let night = &config.groups["db"].policy;
    assert_eq!(night.ring_timeout, SignedDuration::from_millis(20_500));
    assert_eq!((night.max_rounds, night.allow_close), (Some(5), true));
    assert_eq!(
        config.members["ben"].channels,
        [crate::roster::Channel::Sms, crate::roster::Channel::Voice]
    );
    assert_eq!(
        config.simulator.people["+819012345678"],
        ["busy", "key 1", "sms after 20s reply 1"]
    );
    assert_eq!(config.templates["default"].len(), 2);
    check_sources(&config);
    assert!(!format!("{config:?}").contains("hunter2"));

    let order = |group: &str, at: &str| {
        let order = config.groups[group]
            .roster
            .order_at(at.parse().expect("timestamp"));
        order
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    // A Monday: the holiday crew of Sunday stays until 09:00, the first member of last week until 09:30.
    assert_eq!(order("web", "2026-02-09T08:59:59+09:00"), "千恵");
    assert_eq!(
        order("web", "2026-02-09T09:29:59+09:00"),
        "aya ben 千恵 aya"
    );
    assert_eq!(
        order("web", "2026-02-09T09:30:00+09:00"),
        "ben 千恵 aya aya"
    );
    assert_eq!(order("web", "2026-12-24T18:00:00+09:00"), "ben");
    assert_eq!(order("web", "2026-12-30T12:00:00+09:00"), "");
    assert_eq!(order("web", "2026-12-31T12:00:00+09:00"), "千恵");
    assert_eq!(order("db", "2026-01-08T13:00:00Z"), "aya ben");
}

fn check_providers(config: &Config) {
    let of = |name: &str| {
        let provider = config
            .providers
            .iter()
            .find(|provider| provider.name.as_str() == name);
        provider.expect("is configured")
    };
    let twilio = |name: &str| match &of(name).kind {
        ProviderKind::Twilio(twilio) => twilio,
        other => panic!("{other:?}"),
    };
    let own = twilio("twilio");
    assert_eq!(own.account.user, own.account.account_sid);
    assert_eq!((own.signing.tokens.len(), own.signing.shared.len()), (2, 1));
    assert_eq!(own.sender, Some(Sender::Name("RINBAN".to_owned())));
    assert_eq!(of("twilio").low_balance, Some(20.0));
    let service = twilio("service");
    assert!(service.from.is_none() && matches!(service.sender, Some(Sender::Service(_))));
    let signalwire = twilio("signalwire");
    assert_eq!(signalwire.signing.header, "X-SignalWire-Signature");
    assert_eq!(signalwire.account.user, "project");
    assert_eq!(
        signalwire.sender,
        signalwire.from.clone().map(Sender::Number)
    );
    assert_eq!(signalwire.abilities, Abilities::default());
    let somleng = twilio("somleng");
    assert_eq!(
        (
            somleng.signing.header.as_str(),
            somleng.signing.tokens.len()
        ),
        ("X-Somleng", 2)
    );
    let abilities = somleng.abilities;
    assert!(abilities.fall_back && !abilities.limit_times && !abilities.detect_machines);
    let ProviderKind::Vonage(vonage) = &of("vonage").kind else {
        panic!("{:?}", of("vonage"));
    };
    assert!(vonage.voice.is_some() && vonage.inbound_secret.is_some());
    assert_eq!(
        vonage.sms.as_ref().map(|sms| sms.from.as_str()),
        Some("Rinban")
    );
    let ProviderKind::PaaSoo(paasoo) = &of("paasoo").kind else {
        panic!("{:?}", of("paasoo"));
    };
    assert_eq!(paasoo.from, "RINBAN");
    assert!(!of("paasoo").carries(Channel::Voice));
    let weights: Vec<_> = config
        .providers
        .iter()
        .flat_map(|provider| &provider.lines)
        .filter(|line| line.channel == Channel::Sms)
        .map(|line| line.weight)
        .collect();
    assert_eq!(
        weights,
        [60, 10, 0, 0, 0, 40],
        "whoever comes first carries all, the others what is said"
    );
}

fn check_sources(config: &Config) {
    let [mackerel, am, plant, logs] = config.sources.as_slice() else {
        panic!("{:?}", config.sources);
    };
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.server.api_keys[0].quota.per_minute, 600);
    let quota = Quota {
        per_minute: 60,
        burst: 100,
        per_day: 5_000,
    };
    assert_eq!((mackerel.quota, am.quota), (quota, Quota::default()));
    assert_eq!(mackerel.ranges[0].to_string(), "192.0.2.0/24");
    assert!(mackerel.verify && !am.verify);
    assert_eq!(mackerel.monitor, Some("mackerel of the shop".into()));
    assert_eq!(mackerel.language, crate::roster::Language::En);
    let routing = &mackerel.source.routing;
    assert_eq!(routing.default.as_str(), "web");
    assert_eq!(routing.by_hint["Shop: db"].as_str(), "db");
    assert_eq!(mackerel.source.event_source.as_str(), "mackerel");
    assert_eq!(am.source.event_source.as_str(), "prometheus-tokyo");
    assert_eq!(am.source.routing.default, config.default_group);
    assert_eq!(
        am.source.severities["page"],
        crate::alert::Severity::Critical
    );
    let crate::source::Kind::Alertmanager(labels) = &am.source.kind else {
        panic!("{:?}", am.source.kind);
    };
    assert_eq!(
        (labels.group.as_deref(), labels.severity.as_str()),
        (Some("team"), "urgency")
    );
    let crate::source::Kind::Json(fields) = &plant.source.kind else {
        panic!("{:?}", plant.source.kind);
    };
    let paths = |pointers: &[crate::source::Pointer]| {
        let paths = pointers.iter().map(|pointer| pointer.as_str().to_owned());
        paths.collect::<Vec<_>>()
    };
    assert_eq!(
        fields.each.as_ref().map(|each| each.as_str()),
        Some("/incidents")
    );
    assert_eq!(paths(&fields.title), ["/what/name", "/name"]);
    assert_eq!(paths(&fields.host), ["/where"]);
    assert_eq!(paths(&fields.message), ["/message"]);
    assert_eq!(fields.states.recovery, Some(vec!["green".to_owned()]));
    let crate::source::Kind::Fluentd(fields) = &logs.source.kind else {
        panic!("{:?}", logs.source.kind);
    };
    assert_eq!(paths(&fields.title), ["/message", "/log", "/msg"]);
    assert_eq!(paths(&fields.severity), ["/kubernetes.level"]);
}

/// A plugin finds out where events go even if all the rest is broken.
#[test]
fn the_hand_off_reads_past_every_mistake_elsewhere() {
    let check = |text: &str, expected: Result<(&str, u64, bool), &str>| {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("rinban.toml");
        fs::write(&path, text).expect("written");
        match (handoff_settings(&path), expected) {
            (Ok(settings), Ok((spool, deadline, start_core))) => {
                assert_eq!(settings.spool, dir.path().join(spool), "{text}");
                assert_eq!(settings.deadline.as_secs(), deadline, "{text}");
                assert_eq!(settings.start_core, start_core, "{text}");
                assert_eq!(settings.config_path, path);
            }
            (Err(errors), Err(expected)) => {
                assert!(errors.to_string().contains(expected), "{errors}");
            }
            (found, _) => panic!("{text}: {found:?}"),
        }
    };
    check("", Ok(("/var/lib/rinban/spool", 5, true)));
    check(
        "state_dir = '/s'\n[handoff]\nstart_core = false",
        Ok(("/s/spool", 5, false)),
    );
    check("state_dir = 'state'", Ok(("state/spool", 5, true)));
    check(
        "state_dir = '/s'\n[templates.default]\nja = '{{'\ncolour = 1",
        Ok(("/s/spool", 5, true)),
    );
    check(
        "state_dir = '/s'\n[members.aya\nnumber = 090",
        Ok(("/s/spool", 5, true)),
    );
    check(
        "state_dir = '/s'\nstate_dir = '/t'",
        Ok(("/s/spool", 5, true)),
    );
    check(
        "[handoff]\nspool = '/q'\ndeadline_secs = 'soon'",
        Ok(("/q", 5, true)),
    );
    check(
        "state_dir = 7",
        Err(":1: `state_dir` is an integer; it takes a text"),
    );
    check(
        "[handoff]\ncores = ['https://core.example.com']",
        Err(":1: `handoff.api_key` is missing; add api_key_env"),
    );
    check(
        "[handoff]\napi_key_env = 'PATH'\ncores = ['core.example.com']",
        Err(":3: `handoff.cores` is \"core.example.com\", which is not an absolute URL"),
    );
    check(
        "[handoff]\napi_key_env = 'PATH'\ncores = ['nonsense', 'https://c.example.com']",
        Ok(("/var/lib/rinban/spool", 5, true)),
    );
}

#[test]
fn a_file_that_is_not_there_says_how_to_get_one() {
    let errors = Config::load(Path::new("/nonexistent/rinban.toml")).expect_err("not there");
    let message = errors.to_string();
    assert!(
        message.starts_with("/nonexistent/rinban.toml: cannot be read (No such file"),
        "{message}"
    );
    assert!(message.contains("`rinban init`"), "{message}");
}

/// What `docs/carriers.md` shows can be used as it stands.
#[test]
fn every_configuration_in_the_page_about_carriers_is_read() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/carriers.md");
    let page = fs::read_to_string(page).expect("readable");
    let blocks = page.split("```toml\n").skip(1);
    let blocks: Vec<&str> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 5, "{page}");
    let secret = |name: &str| {
        environment(match name {
            "VONAGE_KEY" => "PRIVATE_KEY",
            "VONAGE_INBOUND_SECRET" => "PATH_SECRET",
            _ => "SECRET",
        })
    };
    for block in blocks {
        let key = (
            "private_key_file = \"/etc/rinban/vonage.key\"",
            "private_key_env = \"VONAGE_KEY\"",
        );
        let block = block.replace(key.0, key.1);
        let steps = match block.contains("paasoo") {
            true => "['sms']",
            false => "['voice']",
        };
        let text = format!(
            "[server]\npublic_url = 'https://oncall.example.com'\n{block}\n[members.aya]\nnumber = '+819012345678'\n\
             [groups.web]\nmembers = ['aya']\n[policies.default]\nsteps = {steps}"
        );
        let config = Config::parse_with(&text, Path::new("rinban.toml"), &secret);
        let config = config.unwrap_or_else(|errors| panic!("{errors}\n{block}"));
        assert_eq!(config.providers.len(), 1, "{block}");
    }
}

/// What `docs/sources.md` shows can be used as it stands.
#[test]
fn every_configuration_in_the_page_about_sources_is_read() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sources.md");
    let page = fs::read_to_string(page).expect("readable");
    let blocks = page.split("```toml\n").skip(1);
    let blocks: Vec<&str> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() > 5, "{page}");
    for block in blocks {
        let text = format!(
            "default_group = 'web'\n[[providers]]\nname = 'sim'\nkind = 'simulated'\n[members.aya]\n\
             number = '+819012345678'\n[groups.web]\nmembers = ['aya']\n[groups.db]\nmembers = ['aya']\n{block}"
        );
        let secret = |_: &str| Some("hunter2 hunter2 hunter2".to_owned());
        let config = Config::parse_with(&text, Path::new("rinban.toml"), &secret);
        let config = config.unwrap_or_else(|errors| panic!("{errors}\n{block}"));
        assert_eq!(config.sources.len(), 1, "{block}");
    }
}
