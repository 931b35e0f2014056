//! Mackerel's API, as far as an alert can be asked for.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// What it answers to `GET /api/v0/alerts/ID`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mood {
    /// Alerts `open...` are open, `over...` are closed, others unknown.
    Knowing,
    /// This status, whatever is asked.
    Status(u16),
    /// Takes the request and says nothing.
    Silent,
}

#[derive(Debug)]
pub(super) struct Api {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
}

impl Api {
    pub(super) fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let api = Self {
            address: listener.local_addr().expect("is bound"),
            asked: Arc::default(),
            stop: Arc::default(),
        };
        let (asked, stop) = (Arc::clone(&api.asked), Arc::clone(&api.stop));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let asked = Arc::clone(&asked);
                thread::spawn(move || answer(stream, mood, &asked));
            }
        });
        api
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The paths that were asked for, with the key.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

fn answer(mut stream: TcpStream, mood: Mood, asked: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().expect("a second handle")).lines();
    let Some(Ok(first)) = lines.next() else {
        return;
    };
    let head: Vec<String> = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty())
        .collect();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let key = head.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("x-api-key").then_some(value)
    });
    asked
        .lock()
        .expect("no panic")
        .push(format!("{path} {}", key.unwrap_or_default()));
    let id = path.rsplit('/').next().unwrap_or_default();
    let alert = |status: &str, closed: &str| {
        let text = format!(
            r#"{{"id":"{id}","status":"{status}","type":"host","openedAt":1767571200{closed}}}"#
        );
        (200, text)
    };
    let (status, body) = match mood {
        Mood::Silent => {
            thread::sleep(Duration::from_secs(30));
            return;
        }
        Mood::Status(status) => (status, r#"{"error":{"message":"no"}}"#.to_owned()),
        Mood::Knowing if id.starts_with("open") => alert("CRITICAL", ""),
        Mood::Knowing if id.starts_with("over") => alert("OK", r#","closedAt":1767574800"#),
        Mood::Knowing => (404, r#"{"error":{"message":"alert not found"}}"#.to_owned()),
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}
