//! `[server]`: how the core is reached.

use std::{collections::BTreeSet, net::SocketAddr};

use secrecy::{ExposeSecret, SecretString};

use super::{ApiKey, Quota, Server, endpoint, error::Wrong, reader::Section};
use crate::{source::AddressRange, voice::PublicUrl};

/// Where the core listens unless the file says otherwise.
const LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8075);

/// How carriers reach us, and whether they do not at all.
const REACHABILITIES: [(&str, bool); 2] = [("webhooks", false), ("outbound-only", true)];

/// `is_public`: whether a carrier outside this host must reach us.
pub(super) fn server(root: &Section<'_>, is_public: bool) -> Option<Server> {
    let Some(section) = root.section("server") else {
        if is_public && !root.has("server") {
            root.wrong(
                0,
                "`server.public_url` is missing",
                "add [server] with public_url = \"https://oncall.example.com\": the carrier fetches from it what to say",
            );
        }
        return (!is_public).then(|| Server {
            listen: LISTEN,
            public_url: loopback_url(LISTEN),
            is_outbound_only: false,
            api_keys: Vec::new(),
            heartbeat_url: None,
            trusted_proxies: Vec::new(),
        });
    };
    let listen = section.parsed("listen", |text| {
        text.parse::<SocketAddr>().map_err(|_| {
            Wrong::new(
                format!("is {text:?}, which is not an address with a port"),
                "write it like \"127.0.0.1:8075\" or \"[::]:8075\"",
            )
        })
    });
    let listen = listen.unwrap_or(LISTEN);
    let is_outbound_only = section
        .choice("reachability", &REACHABILITIES)
        .unwrap_or_default();
    let public_url = section.parsed("public_url", public_url);
    let public_url = if is_public && !is_outbound_only {
        let remedy = "add public_url = \"https://oncall.example.com\": the carrier fetches from it what to say";
        section.required("public_url", public_url, remedy)
    } else {
        Some(public_url.unwrap_or_else(|| loopback_url(listen)))
    };
    let api_keys = api_keys(&section);
    let heartbeat_url = section.secret("heartbeat_url");
    let heartbeat_url = heartbeat_url.and_then(|url| heartbeat(&section, url));
    let trusted_proxies = ranges(&section, "trusted_proxies");
    Some(Server {
        listen,
        public_url: public_url?,
        is_outbound_only,
        api_keys,
        heartbeat_url,
        trusted_proxies: trusted_proxies?,
    })
}

/// An address that a heartbeat may be sent to. Those of services for cron jobs are whole, with a path.
fn heartbeat(section: &Section<'_>, url: SecretString) -> Option<SecretString> {
    let checked = endpoint::absolute(url.expose_secret()).map(|_| ());
    let taken = section.taken("heartbeat_url", section.at, checked);
    taken.map(|()| url)
}

/// Ranges of addresses; empty if the key is absent, none if one of them is wrong.
pub(super) fn ranges(section: &Section<'_>, key: &str) -> Option<Vec<AddressRange>> {
    let texts = section.texts(key).unwrap_or_default();
    let ranges = texts.iter().map(|text| {
        let range = AddressRange::parse(text.value).ok_or_else(|| {
            Wrong::new(
                format!("has {:?}, which is no range of addresses", text.value),
                "write it like \"192.0.2.0/24\", \"2001:db8::/32\" or \"192.0.2.7\"",
            )
        });
        section.taken(key, text.at, range)
    });
    // All of them are judged before the first that is wrong ends it.
    let ranges: Vec<_> = ranges.collect();
    ranges.into_iter().collect()
}

/// How much a caller may hand over: `per_minute`, `burst`, `per_day`.
pub(super) fn quota(section: &Section<'_>) -> Quota {
    const MOST: u32 = 1_000_000_000;
    let usual = Quota::default();
    let per_minute = section.whole("per_minute", 1..=MOST);
    let burst = section.whole("burst", 1..=MOST);
    let per_minute = per_minute.unwrap_or(usual.per_minute);
    Quota {
        per_minute,
        burst: burst.unwrap_or(per_minute),
        per_day: section.whole("per_day", 1..=MOST).unwrap_or(usual.per_day),
    }
}

fn public_url(text: &str) -> Result<PublicUrl, Wrong> {
    PublicUrl::parse(text).map_err(|error| {
        let message = error.to_string();
        let (what, remedy) = message
            .split_once("; ")
            .unwrap_or((&message, "use a shorter one"));
        Wrong::new(what, remedy)
    })
}

/// The address at which the simulated network reaches us.
fn loopback_url(listen: SocketAddr) -> PublicUrl {
    let url = match listen {
        SocketAddr::V6(address) if !address.ip().is_unspecified() => {
            format!("http://[::1]:{}", address.port())
        }
        _ => format!("http://127.0.0.1:{}", listen.port()),
    };
    PublicUrl::parse(&url).expect("a loopback address is a public URL")
}

fn api_keys(section: &Section<'_>) -> Vec<ApiKey> {
    let mut seen = BTreeSet::new();
    section
        .sections("api_keys")
        .iter()
        .filter_map(|section| {
            let name = unique_name(section, &mut seen);
            let key = section.required_secret("key");
            let quota = quota(section);
            Some(ApiKey {
                name: name?.to_owned(),
                key: key?,
                quota,
            })
        })
        .collect()
}

/// The `name` of an element of a list, which no other element may have.
pub(super) fn unique_name<'a>(
    section: &Section<'a>,
    seen: &mut BTreeSet<String>,
) -> Option<&'a str> {
    let name = section.text("name");
    let name = section.required("name", name, "add name = \"...\"")?;
    if name.value.trim().is_empty() {
        section.wrong_value("name", name.at, &Wrong::new("is empty", "give it a name"));
        return None;
    }
    if [".", ".."].contains(&name.value) {
        // The name of a provider is part of the URLs that it is given.
        let wrong = Wrong::new("cannot stand in a URL", "give it a name with letters");
        section.wrong_value("name", name.at, &wrong);
        return None;
    }
    if !seen.insert(name.value.to_owned()) {
        let wrong = Wrong::new(
            format!("is {:?}, as that of another", name.value),
            "give each its own name",
        );
        section.wrong_value("name", name.at, &wrong);
        return None;
    }
    Some(name.value)
}
