//! The load: clients that each send one event after another over one connection, as fast as they are answered.

use std::{
    io::Write as _,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::host::API_KEY;

/// What came of a load.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// Acknowledged events a second, within the measured time.
    pub(crate) rate: f64,
    /// Seconds from the first byte sent to the last byte of the answer, of those.
    pub(crate) latencies: Vec<f64>,
    /// How many events of each client were acknowledged: its first ones.
    pub(crate) acknowledged: Vec<u64>,
}

/// Event numbers begin here, so that all have as many digits.
const FIRST: u64 = 1_000_000_000;

/// More than there are clients.
const CLIENTS: u64 = 1_024;

/// The event number of a client's nth event: over all clients they rise with time, as those of a monitor do.
fn number_of(client: u64, nth: u64) -> u64 {
    FIRST + nth * CLIENTS + client
}

/// An event of a storm: an alert of its own, in a group that all share.
pub(crate) fn event(number: u64) -> String {
    let host = number % 200;
    format!(
        r#"{{"id":"zabbix:{number}:problem","source":"zabbix","dedup_key":"{number}","group":"web","kind":"problem","severity":"error","title":"/var: disk space is critically low (used > 90 %)","host":"web{host}.example.com","message":"97.2 %","url":"https://zabbix.example.com/tr_events.php?eventid={number}","variables":{{"tags":"service:web, scope:capacity"}},"received_at":"2026-11-22T02:14:48.123456789Z"}}"#
    )
}

/// Which client's event this is, and which of its events.
pub(super) fn client_of(id: &str) -> Option<(usize, u64)> {
    let number: u64 = id.split(':').nth(1)?.parse().ok()?;
    let number = number - FIRST;
    Some(((number % CLIENTS) as usize, number / CLIENTS))
}

/// Loads the server; calls `end` when the time is over and while the clients are still at it.
pub(super) fn run(
    address: SocketAddr,
    clients: usize,
    warm_up: Duration,
    measured: Duration,
    end: impl FnOnce(),
) -> Load {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let begin = Instant::now() + warm_up;
        let span = begin..begin + measured;
        let over = Arc::new(AtomicBool::new(false));
        let clients: Vec<_> = (0..clients)
            .map(|client| {
                let load = one_client(address, client as u64, span.clone(), Arc::clone(&over));
                tokio::spawn(load)
            })
            .collect();
        tokio::time::sleep(warm_up + measured).await;
        tokio::task::block_in_place(end);
        over.store(true, Relaxed);
        let mut load = Load::default();
        for client in clients {
            let (latencies, acknowledged) = client.await.expect("no panic");
            load.latencies.extend(latencies);
            load.acknowledged.push(acknowledged);
        }
        load.rate = load.latencies.len() as f64 / measured.as_secs_f64();
        load
    })
}

/// Until the connection breaks or it is over: the latencies within the span, and how many were acknowledged in all.
async fn one_client(
    address: SocketAddr,
    client: u64,
    span: std::ops::Range<Instant>,
    over: Arc<AtomicBool>,
) -> (Vec<f64>, u64) {
    let mut latencies = Vec::new();
    let mut acknowledged = 0;
    let Ok(mut stream) = TcpStream::connect(address).await else {
        return (latencies, acknowledged);
    };
    stream.set_nodelay(true).expect("an option");
    let mut request = Vec::new();
    let mut buffer = vec![0; 4096];
    while !over.load(Relaxed) {
        write_request(&mut request, &event(number_of(client, acknowledged)));
        let sent = Instant::now();
        if stream.write_all(&request).await.is_err() {
            break;
        }
        let Some(status) = read_answer(&mut stream, &mut buffer).await else {
            break;
        };
        assert_eq!(status, 202, "{}", String::from_utf8_lossy(&buffer));
        acknowledged += 1;
        let now = Instant::now();
        if span.contains(&now) {
            latencies.push((now - sent).as_secs_f64());
        }
    }
    (latencies, acknowledged)
}

fn write_request(request: &mut Vec<u8>, body: &str) {
    request.clear();
    let len = body.len();
    write!(
        request,
        "POST /v1/events HTTP/1.1\r\nHost: rinban\r\nAuthorization: Bearer {API_KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {len}\r\n\r\n{body}"
    )
    .expect("a vector takes everything");
}

/// The status, once the whole answer is here; nothing if the connection ends before.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Option<u16> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.ok()?;
        if read == 0 {
            return None;
        }
        filled += read;
        let answer = &buffer[..filled];
        let Some(head) = find(answer, b"\r\n\r\n") else {
            continue;
        };
        if filled >= head + 4 + content_length(&answer[..head]) {
            return std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok();
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    const NAME: &[u8] = b"content-length: ";
    let digits = find(head, NAME).map_or(&[][..], |at| &head[at + NAME.len()..]);
    digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |sum, byte| sum * 10 + usize::from(byte - b'0'))
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|part| part == needle)
}
