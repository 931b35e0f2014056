//! Nothing secret leaves the core: all it prints, stores, tells and shows of a night with every kind of carrier, most of which
//! fail and give back what they were sent, is searched for every credential.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::support::{
    PATIENCE,
    core::{API_KEY, Home, NEXT_TOKEN, OTHER_TOKEN, PUBLIC, TOKEN, problem},
    wait_for,
};

const PAASOO_KEY: &str = "paasoo-key-7d1c";
const PAASOO_SECRET: &str = "paasoo-secret-94e0";
const VONAGE_SECRET: &str = "vonage-secret-b2f6";
const SIGNATURE_SECRET: &str = "vonage-signature-secret-of-32-characters";
const INBOUND_SECRET: &str = "vonage-inbound-secret-11aa22bb33cc";
const HOOK_SECRET: &str = "hook-secret-5c77";
const PRIVATE_KEY: &str = include_str!("../../fixtures/vonage/private.pem");

/// Answers every request by its own words, with a status by path; what it gives back holds all it was sent.
#[derive(Debug)]
struct Parrot {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Parrot {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("is bound");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let at_work = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let at_work = Arc::clone(&at_work);
                thread::spawn(move || answer(&stream, &at_work));
            }
        });
        Self { address, heard }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("no panic").clone()
    }

    /// Waits until something with these words was asked for.
    #[track_caller]
    fn wait_for(&self, words: &str) -> String {
        wait_for(words, || {
            let heard = self.heard();
            heard.into_iter().find(|request| request.contains(words))
        })
    }
}

fn answer(mut stream: &TcpStream, heard: &Mutex<Vec<String>>) {
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let mut reader = BufReader::new(stream);
    let mut request = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if !matches!(reader.read_line(&mut line), Ok(1..)) {
            return;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        request.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    request.push_str(&String::from_utf8_lossy(&body));
    let status = match request.split_whitespace().nth(1).unwrap_or_default() {
        path if path.starts_with("/hook") => 200,
        path if path.contains("Messages") => 500,
        path if path.contains("/json") => 503,
        path if path.contains("/v1/calls") => 401,
        _ => 400,
    };
    let echo = request.clone();
    heard.lock().expect("no panic").push(request);
    let _ = write!(
        stream,
        "HTTP/1.1 {status} So\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{echo}",
        echo.len()
    );
}

fn config(parrot: &Parrot, key: &Path) -> String {
    let url = parrot.url();
    format!(
        r#"
state_dir = "state"
[server]
listen = "127.0.0.1:0"
public_url = "{PUBLIC}"
[[server.api_keys]]
name = "tests"
key_env = "API_KEY"
[handoff]
spool = "spool"
[[providers]]
name = "twilio"
kind = "twilio"
channels = ["voice", "sms"]
base_url = "{url}"
account_sid = "AC00000000000000000000000000000001"
auth_token_env = "TOKEN"
next_auth_token_env = "NEXT_TOKEN"
from = "+815012345678"
[[providers]]
name = "vonage"
kind = "vonage"
channels = ["voice", "sms"]
base_url = "{url}"
sms_url = "{url}"
application_id = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
private_key_file = {key:?}
signature_secret_env = "SIGNATURE_SECRET"
api_key = "abcd1234"
api_secret_env = "VONAGE_SECRET"
inbound_secret_env = "INBOUND_SECRET"
from = "815012345678"
[[providers]]
name = "paasoo"
kind = "paasoo"
base_url = "{url}"
receipt_url = "{url}"
api_key_env = "PAASOO_KEY"
api_secret_env = "PAASOO_SECRET"
from = "RINBAN"
[[notices]]
name = "hook"
kind = "webhook"
url_env = "HOOK"
[policies.default]
steps = ["both"]
round_pause_secs = 1
[members.aya]
number = "+819012345678"
language = "en"
[groups.web]
members = ["aya"]
"#
    )
}

/// Every form in which a credential could get out.
fn secrets() -> Vec<(&'static str, String)> {
    let mut secrets = vec![
        ("Twilio's token", TOKEN.to_owned()),
        ("Twilio's next token", NEXT_TOKEN.to_owned()),
        ("another token", OTHER_TOKEN.to_owned()),
        ("the key of the API", API_KEY.to_owned()),
        ("PaaSoo's key", PAASOO_KEY.to_owned()),
        ("PaaSoo's secret", PAASOO_SECRET.to_owned()),
        ("Vonage's secret", VONAGE_SECRET.to_owned()),
        ("Vonage's signature secret", SIGNATURE_SECRET.to_owned()),
        ("Vonage's inbound secret", INBOUND_SECRET.to_owned()),
        ("the receiver's address", HOOK_SECRET.to_owned()),
    ];
    let line = PRIVATE_KEY.lines().nth(3).expect("a line of the key");
    secrets.push(("Vonage's private key", line.to_owned()));
    let basic = format!("AC00000000000000000000000000000001:{TOKEN}");
    secrets.push(("Twilio's Authorization", STANDARD.encode(basic)));
    // A token that Vonage is shown begins with its header, which is the same in each.
    secrets.push(("Vonage's Authorization", "eyJ".to_owned()));
    let encoded = |text: &str| text.replace(' ', "+");
    let more: Vec<_> = secrets
        .iter()
        .filter(|(_, text)| text.contains(' '))
        .map(|(what, text)| (*what, encoded(text)))
        .collect();
    secrets.extend(more);
    secrets
}

#[track_caller]
fn search(place: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for (what, secret) in secrets() {
        assert!(
            !text.contains(&secret),
            "{what} stands in {place}: {}",
            around(&text, &secret)
        );
    }
}

fn around<'t>(text: &'t str, secret: &str) -> &'t str {
    let at = text.find(secret).unwrap_or_default();
    let from = text.floor_char_boundary(at.saturating_sub(200));
    let until = text.floor_char_boundary((at + 80).min(text.len()));
    &text[from..until]
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("lists").flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => files(&path),
            path => vec![path],
        })
        .collect()
}

#[test]
fn no_credential_gets_out_of_a_night_in_which_every_carrier_fails() {
    let parrot = Parrot::start();
    let key = tempfile::NamedTempFile::new().expect("a file");
    fs::write(key.path(), PRIVATE_KEY).expect("written");
    let hook = format!("{}/hook/{HOOK_SECRET}", parrot.url());
    let home = Home::with(&config(&parrot, key.path()));
    let home = [
        ("PAASOO_KEY", PAASOO_KEY),
        ("PAASOO_SECRET", PAASOO_SECRET),
        ("VONAGE_SECRET", VONAGE_SECRET),
        ("SIGNATURE_SECRET", SIGNATURE_SECRET),
        ("INBOUND_SECRET", INBOUND_SECRET),
        ("HOOK", hook.as_str()),
        ("RINBAN_LOG", "trace"),
    ]
    .into_iter()
    .fold(home, |home, (name, value)| home.variable(name, value));
    let mut core = home.serve();
    core.post(&problem("db1"));
    // Each carrier was asked, on each of its channels, with its credentials.
    for words in [
        "/Calls.json",
        "/Messages.json",
        "/v1/calls",
        "/sms/json",
        PAASOO_SECRET,
        "/hook/",
    ] {
        parrot.wait_for(words);
    }
    core.wait_for_log("fault");
    for args in [
        &["journal"][..],
        &["journal", "1"],
        &["journal", "1", "--json"],
        &["provider", "--json"],
        &["provider", "--history"],
        &["doctor", "--json"],
        &["check"],
        &["replay", "1"],
    ] {
        let output = home.output(args);
        search(&format!("{args:?}, output"), &output.stdout);
        search(&format!("{args:?}, errors"), &output.stderr);
    }
    core.terminate();
    core.wait(PATIENCE).expect("SIGTERM ends it");
    search("the log", core.log().as_bytes());
    for file in files(&home.state()) {
        let bytes = fs::read(&file).expect("readable");
        search(&file.display().to_string(), &bytes);
    }
    let notices = parrot.heard().into_iter();
    for notice in notices.filter(|request| request.contains("/hook/")) {
        let (_, body) = notice.split_once("\r\n\r\n").expect("a whole request");
        search("a notice", body.as_bytes());
    }
}
