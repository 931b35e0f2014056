//! The page: complete in itself, readable without a script, and in a real browser where one is installed.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use super::{super::handler::TOKEN, played};

#[test]
fn the_page_needs_nothing_from_elsewhere_and_holds_no_secret() {
    let played = played(&["html"]);
    // The template writes every slash of a text as a reference.
    let page = fs::read_to_string(played.form("html"))
        .expect("written")
        .replace("&#x2f;", "/");
    for foreign in [
        "<script", "<link", "<img", "<iframe", "@import", "url(", "src=",
    ] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(!page.contains(TOKEN));
    for text in [
        "sig/trailing-slash",
        "403",
        "expected",
        "POST /voice/ HTTP/1.1",
        "sent",
        "received",
    ] {
        assert!(page.contains(text), "{text}");
    }
}

#[test]
fn what_a_handler_replies_is_text_on_the_page() {
    use super::super::{
        command::Run,
        http::{Reply, Server},
    };
    let server = Server::start(|_| {
        Some(Reply::new(
            500,
            "text/html",
            "</pre><script>alert(1)</script>{{ 7 * 7 }}",
        ))
    });
    let dir = tempfile::tempdir().expect("a directory");
    let html = dir.path().join("report.html");
    let url = format!("http://{}/", server.address);
    let html_path = html.to_str().expect("UTF-8");
    Run::with(&[
        "sig/plain",
        "--url",
        &url,
        "--auth-token-env",
        "TOKEN",
        "--html",
        html_path,
    ])
    .check(1);
    let page = fs::read_to_string(&html).expect("written");
    assert!(!page.contains("<script>"), "a reply is no markup here");
    assert!(
        page.contains("&lt;script&gt;") && page.contains("{{ 7 * 7 }}"),
        "{page}"
    );
}

/// What a browser makes of the page; none where none is installed.
fn dump(page: &Path) -> Option<String> {
    let profile = tempfile::tempdir().expect("a directory");
    for name in ["chromium", "chromium-browser", "google-chrome"] {
        let browser = Command::new(name)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg(format!("file://{}", page.display()))
            .stdin(Stdio::null())
            .output();
        if let Ok(output) = browser {
            return Some(String::from_utf8_lossy(&output.stdout).into_owned());
        }
    }
    None
}

#[test]
fn a_browser_reads_the_page_as_it_is_meant() {
    let played = played(&["html"]);
    let Some(dom) = dump(&played.form("html")) else {
        eprintln!("no browser is installed: install Chromium to have this looked at");
        return;
    };
    // Four cases, each of which opens; the evidence of the failure is open already.
    assert_eq!(dom.matches("<details class=\"case").count(), 4, "{dom}");
    assert_eq!(dom.matches("class=\"case has-failed\"").count(), 1);
    assert_eq!(dom.matches("<details class=\"exchange\" open").count(), 1);
    assert!(dom.contains("<span class=\"outcome failed\""), "{dom}");
    assert!(dom.trim_end().ends_with("</html>"));
}
