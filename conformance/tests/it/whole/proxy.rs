//! A proxy that is not transparent: it rewrites the path of what passes, as web servers and frameworks do that "tidy" addresses.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// What it makes of a path.
pub(crate) type Rewrite = fn(&str) -> String;

/// Starts one in front of the core, whose address is known later; where carriers find it.
pub(crate) fn start(core: SocketAddr, rewrite: Rewrite) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its number");
    // It ends with the test's process; its connections are short.
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || {
                // Whoever gives up is missed by nobody.
                let _ = pass(client, core, rewrite);
            });
        }
    });
    address
}

/// One request each, as the carriers here send them.
fn pass(mut client: TcpStream, core: SocketAddr, rewrite: Rewrite) -> io::Result<()> {
    client.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut request = Vec::new();
    let mut block = [0; 4096];
    while !is_whole(&request) {
        match client.read(&mut block)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&block[..read]),
        }
    }
    let text = String::from_utf8_lossy(&request);
    let (line, rest) = text.split_once("\r\n").unwrap_or((&text, ""));
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let mut server = TcpStream::connect(core)?;
    write!(server, "{method} {} HTTP/1.1\r\n{rest}", rewrite(path))?;
    io::copy(&mut server, &mut client)?;
    Ok(())
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let lengths = head.lines().filter_map(|line| line.split_once(": "));
    let length = lengths
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .find_map(|(_, value)| value.parse().ok());
    body.len() >= length.unwrap_or(0)
}
