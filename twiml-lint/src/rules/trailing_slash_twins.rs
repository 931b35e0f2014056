//! TW115: `/next` and `/next/`.

use std::collections::HashMap;

use crate::{
    finding::Related,
    run::{Kept, Run},
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
    // By address without its last slash: how it was written first, and where.
    let mut first: HashMap<&str, (bool, usize, &Kept)> = HashMap::new();
    let mut twins = Vec::new();
    for (file, facts) in run.files.iter().enumerate() {
        for kept in &facts.addresses {
            let Some((bare, has_slash)) = bare(kept) else { continue };
            match first.get(bare) {
                None => {
                    first.insert(bare, (has_slash, file, kept));
                }
                Some((as_first, other, twin)) if *as_first != has_slash => {
                    let with = |has: bool| if has { "with" } else { "without" };
                    let message = format!(
                        "{} in {} ends {} a slash, and in {} {} one: these are two addresses, and servers mix them up",
                        kept.address,
                        kept.place_name(),
                        with(has_slash),
                        twin.place_name(),
                        with(*as_first),
                    );
                    let related = Related {
                        file: Some(*other),
                        span: twin.span,
                        message: format!("written {} a slash here", with(*as_first)),
                    };
                    twins.push((file, kept.span, message, related));
                }
                Some(_) => {}
            }
        }
    }
    for (file, span, message, related) in twins {
        run.report(file, span, message, "write it the same way in both places", related);
    }
}

/// The address up to its query, without a slash at the end, and whether it has one. A host alone is the same with and without.
fn bare(kept: &Kept) -> Option<(&str, bool)> {
    let path = kept.address.split(['?', '#']).next()?;
    let bare = path.strip_suffix('/').unwrap_or(path);
    let after_host = match bare.split_once("//") {
        Some((_, rest)) => rest.find('/').map(|at| &rest[at..])?,
        None => bare,
    };
    (!after_host.is_empty()).then_some((bare, bare.len() < path.len()))
}
