//! TW115: `/next` and `/next/`.

use std::collections::{HashMap, HashSet};

use crate::{
    address::path,
    bytes::{first_of, is},
    finding::Related,
    run::{Candidate, Kept, Run},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW115",
    name: "trailing-slash-twins",
    level: Level::Warning,
    strict: Level::Error,
    twilio: &[11200],
    summary: "the same address stands here with and there without a slash at its end",
    explain: "\
They are two addresses. A framework that takes them for one strips the slash before the signature is checked and refuses
the request, or answers with a redirect, which loses the digits that were pressed. Which of the two was asked for only
shows in the one call that fails.

Write the address the same way everywhere, and let the server answer exactly that.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Gather action="https://example.com/next">
    <Say>Press 1.</Say>
  </Gather>
  <Redirect>https://example.com/next/</Redirect>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Gather action="https://example.com/next">
    <Say>Press 1.</Say>
  </Gather>
  <Redirect>https://example.com/next</Redirect>
</Response>
"#)]),
    check: Check::Run(check),
};

fn check(run: &mut Run<'_>) {
    let with_slash: HashSet<&str> = run
        .paths()
        .filter(|one| one.kept.ends_in_slash())
        .filter_map(|one| bare(&one.address))
        .map(|(bare, _)| bare)
        .collect();
    // By address without its last slash: how it was written first, and where.
    let mut first: HashMap<&str, (bool, usize, Kept)> = HashMap::new();
    let mut twins = Vec::new();
    for Candidate { file, kept, address } in run.paths() {
        let Some((bare, has_slash)) = bare(address).filter(|(bare, _)| with_slash.contains(bare))
        else {
            continue;
        };
        let &mut (as_first, other, twin) = first.entry(bare).or_insert((has_slash, *file, *kept));
        if as_first == has_slash {
            continue;
        }
        let with = |has: bool| if has { "with" } else { "without" };
        let message = format!(
            "{address} in {} ends {} a slash, and in {} {} one: these are two addresses, and servers mix them up",
            kept.place_name(),
            with(has_slash),
            twin.place_name(),
            with(as_first),
        );
        let related = Related {
            file: Some(other),
            span: twin.span,
            message: format!("written {} a slash here", with(as_first)),
        };
        twins.push((*file, kept.span, message, related));
    }
    for (file, span, message, related) in twins {
        run.report(file, span, message, "write it the same way in both places", related);
    }
}

/// How most addresses begin.
const HTTPS: &str = "https://";

/// The address up to its query, without a slash at the end, and whether it has one. A host alone is the same with and without.
pub(crate) fn bare(address: &str) -> Option<(&str, bool)> {
    let path = path(address);
    let bare = path.strip_suffix('/').unwrap_or(path);
    let has_slash = bare.len() < path.len();
    let bytes = bare.as_bytes();
    let host = if bare.starts_with(HTTPS) {
        HTTPS.len()
    } else {
        bytes.windows(2).position(|two| two == b"//").map_or(0, |at| at + 2)
    };
    let has_path = host == 0 && !bare.is_empty() || first_of(bytes, host, |block| is(block, b'/')).is_some();
    has_path.then_some((bare, has_slash))
}
