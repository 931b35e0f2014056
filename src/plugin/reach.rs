//! Whether an address of ours answers, as a carrier would find it.

use std::{error::Error as _, time::Duration};

use crate::provider;

/// The HTTP status with which `url` answers a GET. Takes at most `timeout`, but for a look-up of the name that hangs, which
/// may go on in a thread of its own. The error is one line.
pub(super) fn reach(url: &str, timeout: Duration) -> Result<u16, String> {
    let client = provider::client_for(url).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| error.to_string())?;
    let answer = runtime.block_on(async { client.get(url).timeout(timeout).send().await });
    runtime.shutdown_background();
    answer
        .map(|answer| answer.status().as_u16())
        .map_err(|error| {
            if error.is_timeout() {
                return format!("no answer within {:.1} s", timeout.as_secs_f64());
            }
            root(&error)
        })
}

/// The cause of the causes, which says most.
fn root(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
    };

    use super::*;

    #[test]
    fn any_status_is_an_answer_and_silence_is_none() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let url = format!("http://{address}/health");
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let _ = stream.read(&mut [0; 1_024]).expect("a request");
            let reply = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(reply).expect("sent");
            listener
        });
        assert_eq!(reach(&url, Duration::from_secs(10)), Ok(502));
        let _listener = server.join().expect("no panic");
        let error = reach(&url, Duration::from_millis(100)).expect_err("silence");
        assert!(error.contains("no answer within 0.1 s"), "{error}");
        let error = reach("http://127.0.0.1:1/", Duration::from_secs(10)).expect_err("nobody");
        assert!(error.contains("refused"), "{error}");
    }
}
