//! `host/*`: what a proxy does to host and scheme does not matter.

use secrecy::ExposeSecret as _;

use crate::{
    run::{
        case::{Case, Grade, Play, Playing, Stop},
        forge::Draft,
        stage::{Delivery, Stage},
    },
    twilio::{Address, Signed},
};

const PROXIES: &str = "Twilio, Security: the address is the one that was configured; proxies and load balancers change what arrives";

pub(super) const CASES: &[Case] = &[
    Case {
        id: "host/inner-host",
        requirement: "A request that a proxy passes on under an inner host name is accepted.",
        why: "Proxies put their own name for the handler into Host. Verified with that, every call fails; so the public address has to be \
              configured.",
        source: PROXIES,
        grade: Grade::Must,
        play: Play::Scene(inner_host),
    },
    Case {
        id: "host/forwarded",
        requirement: "A request with the headers of a usual proxy is accepted.",
        why: "A handler that mixes what is configured with what is forwarded verifies an address that never was.",
        source: PROXIES,
        grade: Grade::Must,
        play: Play::Scene(forwarded),
    },
    Case {
        id: "host/misleading",
        requirement: "A genuine request is accepted whatever the forwarding headers say.",
        why: "Chains of proxies disagree: the inner one says http and its own port. Where the public address is configured, they need not be \
              believed.",
        source: PROXIES,
        grade: Grade::Must,
        play: Play::Scene(misleading),
    },
    Case {
        id: "host/forged",
        requirement: "Forwarding headers cannot make a signature for another host good here.",
        why: "A request that was signed for another service of the same account is replayed here, with that service's name in a header.",
        source: PROXIES,
        grade: Grade::Must,
        play: Play::Scene(forged),
    },
];

/// A genuine request with other headers.
async fn with_headers(
    stage: &Stage<'_>,
    note: &str,
    headers: &[(&str, &str)],
) -> Result<Delivery, Stop> {
    let line = stage.line().await?;
    let Signed {
        mut request,
        string,
    } = stage.answered(&line).sign(stage.kit.token.expose_secret());
    for (name, value) in headers {
        request = request.with_header(name, value);
    }
    Ok(stage.send_signed(note, &Signed { request, string }).await)
}

/// Only a handler that knows its public address can tell it from another one.
fn needs_public_address(stage: &Stage<'_>) -> Result<(), Stop> {
    match stage.kit.is_proxied {
        true => Ok(()),
        false => Err(Stop::skip(
            "the handler is called at its own address; --public-url names the one that it believes in",
        )),
    }
}

/// The handler knows its public address itself, and needs no proxy to tell it.
fn needs_own_address(stage: &Stage<'_>) -> Result<(), Stop> {
    needs_public_address(stage)?;
    match stage.kit.needs_proxy_headers {
        false => Ok(()),
        true => Err(Stop::skip(
            "the handler takes its address from the headers of the proxy, as --proxy-headers says",
        )),
    }
}

fn inner_host<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        needs_own_address(stage)?;
        let inner = stage.kit.listens_at.clone();
        with_headers(stage, "Host is an inner name", &[("Host", &inner)])
            .await?
            .accepted()
            .map(drop)
    })
}

fn forwarded<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        needs_public_address(stage)?;
        let line = stage.line().await?;
        let address = line.voice.address;
        let (host, scheme) = (address.authority(), address.scheme().name());
        let headers = [
            ("Host", stage.kit.listens_at.as_str()),
            ("X-Forwarded-Host", &host),
            ("X-Forwarded-Proto", scheme),
            ("X-Forwarded-For", "203.0.113.7"),
        ];
        with_headers(stage, "as a proxy passes it on", &headers)
            .await?
            .accepted()
            .map(drop)
    })
}

fn misleading<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        needs_own_address(stage)?;
        let inner = stage.kit.listens_at.clone();
        let headers = [
            ("Host", inner.as_str()),
            ("X-Forwarded-Host", "another-service.example.com"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Port", "81"),
            ("Forwarded", "host=another-service.example.com;proto=http"),
            ("X-Original-URL", "/elsewhere"),
        ];
        with_headers(stage, "the headers of the proxies are wrong", &headers)
            .await?
            .accepted()
            .map(drop)
    })
}

fn forged<'s>(stage: &'s Stage<'_>) -> Playing<'s> {
    Box::pin(async {
        let line = stage.line().await?;
        let other = Address::parse("https://another-service.example.com");
        let other = other.map_err(|error| Stop::skip(error.to_string()))?;
        let mut draft = Draft::new(stage.answered(&line));
        draft.signed.address = draft.signed.address.at(&other);
        let Signed {
            mut request,
            string,
        } = draft.finish(&stage.keys());
        for (name, value) in [
            ("X-Forwarded-Host", "another-service.example.com"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Port", "443"),
            ("Forwarded", "host=another-service.example.com;proto=https"),
        ] {
            request = request.with_header(name, value);
        }
        let delivery = stage
            .send_signed(
                "signed for another host, which a header names",
                &Signed { request, string },
            )
            .await;
        delivery.refused()
    })
}
