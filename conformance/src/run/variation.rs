//! Genuine requests of unusual shapes. Each is signed after it has got its shape, so a handler that verifies what it received accepts
//! it, and one that verifies what its framework made of that does not.

use crate::twilio::{Address, Method, Payload, Webhook};

/// Gives a request its shape.
#[derive(Clone, Copy)]
pub struct Variation {
    /// What is unusual about it, for people.
    pub name: &'static str,
    /// Whether another path is asked for, which a handler need not have.
    pub needs_route: bool,
    /// The shape, or why this handler cannot be asked for it.
    pub shape: fn(&mut Webhook) -> Result<(), &'static str>,
}

/// The same with another path; the query stays.
pub fn with_path(webhook: &mut Webhook, path: &str) {
    let query = webhook.address.query();
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    webhook.address = webhook.address.with_target(format!("{path}{query}"));
}

/// The same with more in its query.
pub fn with_query(webhook: &mut Webhook, query: &str) {
    webhook.address = add_query(&webhook.address, query);
}

/// An address with more in its query.
pub fn add_query(address: &Address, query: &str) -> Address {
    let mark = match address.query() {
        None => "?",
        Some("") => "",
        Some(_) => "&",
    };
    address.with_target(format!("{}{mark}{query}", address.request_target()))
}

/// The parameters; none for JSON.
pub fn form(webhook: &mut Webhook) -> &mut Vec<(String, String)> {
    if !matches!(webhook.payload, Payload::Form(_)) {
        webhook.payload = Payload::Form(Vec::new());
    }
    match &mut webhook.payload {
        Payload::Form(form) => form,
        Payload::Json(_) => unreachable!("it was made a form above"),
    }
}

/// Adds a parameter.
pub fn add(webhook: &mut Webhook, name: &str, value: &str) {
    form(webhook).push((name.to_owned(), value.to_owned()));
}

/// Sets a parameter, in the place of those of the same name.
pub fn set(webhook: &mut Webhook, name: &str, value: &str) {
    remove(webhook, name);
    add(webhook, name, value);
}

/// Takes a parameter out.
pub fn remove(webhook: &mut Webhook, name: &str) {
    form(webhook).retain(|(given, _)| given != name);
}

/// The path with a slash at its end, or without the one that it has.
pub fn toggle_slash(webhook: &mut Webhook) -> Result<(), &'static str> {
    let path = webhook.address.path().to_owned();
    match path.strip_suffix('/') {
        _ if path.is_empty() || path == "/" => {
            return Err("the address has no path that could end in a slash");
        }
        Some(bare) => with_path(webhook, bare),
        None => with_path(webhook, &format!("{path}/")),
    }
    Ok(())
}

/// The path with one letter written as an escape in small letters.
pub fn escape_in_path(webhook: &mut Webhook) -> Result<(), &'static str> {
    let path = webhook.address.path().to_owned();
    // Only an escape with a letter in it shows whether somebody changes its case.
    let has_letter = |c: char| {
        c.is_ascii_alphanumeric()
            && format!("{:02x}", u32::from(c)).contains(|c: char| c.is_ascii_alphabetic())
    };
    let Some((at, letter)) = path.char_indices().rev().find(|&(_, c)| has_letter(c)) else {
        return Err("no letter of the path has an escape with a letter in it");
    };
    let behind = &path[at + letter.len_utf8()..];
    with_path(
        webhook,
        &format!("{}%{:02x}{behind}", &path[..at], u32::from(letter)),
    );
    Ok(())
}

/// The path with a doubled slash inside, or at its end if it has one segment only.
pub fn double_slash(webhook: &mut Webhook) -> Result<(), &'static str> {
    let path = webhook.address.path().to_owned();
    match path.trim_end_matches('/').rfind('/') {
        None => return Err("the address has no path"),
        Some(0) => with_path(webhook, &format!("{}//", path.trim_end_matches('/'))),
        Some(slash) => with_path(webhook, &format!("{}/{}", &path[..slash], &path[slash..])),
    }
    Ok(())
}

/// The path with a doubled slash in front.
pub fn double_first_slash(webhook: &mut Webhook) -> Result<(), &'static str> {
    let path = webhook.address.path().to_owned();
    match path.starts_with('/') {
        true => with_path(webhook, &format!("/{path}")),
        false => return Err("the address has no path"),
    }
    Ok(())
}

/// Asks by GET.
pub fn by_get(webhook: &mut Webhook) -> Result<(), &'static str> {
    webhook.method = Method::Get;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_after(
        shape: fn(&mut Webhook) -> Result<(), &'static str>,
        url: &str,
    ) -> Option<String> {
        let address = Address::parse(url).expect(url);
        let mut webhook = Webhook::new(Method::Post, address, Vec::new(), "token");
        shape(&mut webhook)
            .ok()
            .map(|()| webhook.address.target().to_owned())
    }

    #[test]
    fn only_the_path_changes() {
        let check = |shape: fn(&mut Webhook) -> Result<(), &'static str>,
                     url: &str,
                     target: Option<&str>| {
            assert_eq!(path_after(shape, url).as_deref(), target, "{url}");
        };
        check(toggle_slash, "http://h/voice?a=/b", Some("/voice/?a=/b"));
        check(toggle_slash, "http://h/voice/", Some("/voice"));
        check(toggle_slash, "http://h/", None);
        check(double_slash, "http://h/a/voice?b", Some("/a//voice?b"));
        check(double_slash, "http://h/voice?b", Some("/voice//?b"));
        check(double_slash, "http://h/a/b/", Some("/a//b/"));
        check(double_slash, "http://h?b", None);
        check(double_first_slash, "http://h/a/b?c", Some("//a/b?c"));
        check(double_first_slash, "http://h?b", None);
        check(escape_in_path, "http://h/voice?b", Some("/v%6fice?b"));
        check(escape_in_path, "http://h/123", None);
    }

    #[test]
    fn a_query_is_added_behind_the_one_that_is_there() {
        for (url, added) in [
            ("http://h/a", "/a?x=1"),
            ("http://h/a?", "/a?x=1"),
            ("http://h?b", "/?b&x=1"),
        ] {
            let address = Address::parse(url).expect(url);
            assert_eq!(add_query(&address, "x=1").target(), added);
        }
    }
}
