use tokio::{io::AsyncReadExt as _, net::TcpListener};

use super::*;

fn limits() -> Limits {
    Limits {
        connect: Duration::from_millis(500),
        total: Duration::from_millis(500),
        head: 1_000,
        body: 1_000,
    }
}

/// Sends a request to a server that answers with these bytes, or never; what came of it.
async fn exchange(target: &str, answer: Option<&'static [u8]>) -> Exchange {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a request");
        let mut piece = [0; 1_000];
        let _ = stream.read(&mut piece).await;
        match answer {
            Some(answer) => {
                let _ = stream.write_all(answer).await;
            }
            None => std::future::pending().await,
        }
    });
    let wire = Wire::new(limits(), None).expect("a client");
    let address = Address::parse(&format!("http://127.0.0.1:{port}{target}")).expect("an address");
    let exchange = wire.send(&Request::get(address)).await;
    server.abort();
    exchange
}

#[tokio::test]
async fn the_target_goes_out_as_it_is_given() {
    for target in ["/a//b/../c/?x=%7e%7E'|&&y=é", "/voice?", "?x", ""] {
        let exchange = exchange(target, Some(b"HTTP/1.1 200 OK\r\n\r\nhello")).await;
        let slash = if target.starts_with('/') { "" } else { "/" };
        let line = format!("GET {slash}{target} HTTP/1.1\r\n");
        assert!(exchange.sent.starts_with(line.as_bytes()), "{target}");
        assert_eq!(exchange.result.expect("a reply").text(), "hello");
        assert!(exchange.times.first_byte >= exchange.times.connected);
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_left_in_time() {
    let exchange = exchange("/", None).await;
    assert_eq!(exchange.result, Err(WireError::Timeout(limits().total)));
    assert!(exchange.received.is_empty());
}

#[tokio::test]
async fn what_came_before_a_reply_broke_off_is_kept() {
    let part = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel";
    let exchange = exchange("/", Some(part)).await;
    assert!(matches!(exchange.result, Err(WireError::BrokeOff(_))));
    assert_eq!(exchange.received, part);
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_no_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let wire = Wire::new(limits(), None).expect("a client");
    let address = Address::parse(&format!("http://127.0.0.1:{port}/")).expect("an address");
    let exchange = wire.send(&Request::get(address)).await;
    assert!(matches!(exchange.result, Err(WireError::Connect(_))));
}

#[test]
fn user_and_password_are_sent_decoded_and_only_where_there_are_some() {
    let with = |url: &str| {
        let request = Request::get(Address::parse(url).expect(url)).with_credentials()?;
        request.header("authorization").map(str::to_owned)
    };
    // aya:p@ss and aya: in base64.
    assert_eq!(
        with("http://aya:p%40ss@h/").as_deref(),
        Some("Basic YXlhOnBAc3M=")
    );
    assert_eq!(with("http://aya@h/").as_deref(), Some("Basic YXlhOg=="));
    assert_eq!(with("http://h/"), None);
}
