//! A request as a line for the shell, which sends the same bytes again.

use crate::twilio::wire::Exchange;

/// `--path-as-is` and `--globoff` keep curl from tidying the address.
pub(super) fn line(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let mut words = vec!["curl -i --path-as-is --globoff".to_owned()];
    let origin = request.address.origin();
    let target = request.address.request_target();
    if exchange.dialled == origin {
        words.push(quoted(&format!("{origin}{target}")));
    } else {
        // The proxy in between is left out: the request goes where the handler listens.
        let sent = String::from_utf8_lossy(&exchange.sent);
        let sent_target = sent.split(' ').nth(1).unwrap_or("/").to_owned();
        words.push(quoted(&format!("{}{sent_target}", exchange.dialled)));
        if request.header("host").is_none() {
            words.push(format!(
                "-H {}",
                quoted(&format!("Host: {}", request.address.authority()))
            ));
        }
    }
    if request.method != "GET" {
        words.push(format!("-X {}", request.method));
    }
    for (name, value) in &request.headers {
        let header = match (name.to_ascii_lowercase().as_str(), value.is_empty()) {
            ("authorization", _) => format!("{name}: ***"),
            // curl takes a header without a value for one to leave out.
            (_, true) => format!("{name};"),
            (_, false) => format!("{name}: {value}"),
        };
        words.push(format!("-H {}", quoted(&header)));
    }
    if !request.body.is_empty() {
        let body = String::from_utf8_lossy(&request.body);
        words.push(format!("--data-raw {}", quoted(&body)));
    }
    words.join(" ")
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::twilio::{
        Address,
        wire::{Request, Times, WireError},
    };

    #[test]
    fn the_line_sends_what_was_sent() {
        let request = Request {
            method: "POST".to_owned(),
            address: Address::parse("https://h//a/?x='y").expect("an address"),
            headers: vec![
                ("A".to_owned(), "b".to_owned()),
                ("Empty".to_owned(), String::new()),
            ],
            body: b"Digits=1".to_vec(),
        };
        let mut exchange = Exchange {
            dialled: "https://h".to_owned(),
            sent: request.bytes(),
            request,
            received: Vec::new(),
            times: Times::default(),
            result: Err(WireError::NotHttp(String::new())),
        };
        assert_eq!(
            line(&exchange),
            r"curl -i --path-as-is --globoff 'https://h//a/?x='\''y' -X POST -H 'A: b' -H 'Empty;' --data-raw 'Digits=1'"
        );
        exchange.dialled = "http://127.0.0.1:80".to_owned();
        assert!(
            line(&exchange).contains("'http://127.0.0.1:80//a/?x='\\''y' -H 'Host: h' -X POST"),
            "{}",
            line(&exchange)
        );
    }
}
