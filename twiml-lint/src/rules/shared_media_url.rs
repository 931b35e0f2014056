//! TW116: one file at two places.

use std::collections::HashMap;

use crate::{
    document::Span,
    finding::Related,
    run::{Candidate, Run},
    rule::{Check, Example, Level, Rule},
};

pub(crate) static RULE: Rule = Rule {
    code: "TW116",
    name: "shared-media-url",
    level: Level::Info,
    strict: Level::Warning,
    twilio: &[11200],
    summary: "the same file is played at several places of a flow",
    explain: "\
When the carrier fails to fetch a file, its report names the address and nothing else. If that stands at several places,
nobody can tell where in the call it failed, nor continue it from there.

Give each place its own address, for example by a query that names it: `hello.mp3?at=menu`.",
    bad: Example::xml(&[("menu.xml", r#"<Response>
  <Gather action="https://example.com/digits">
    <Play>https://example.com/menu.mp3</Play>
  </Gather>
  <Play>https://example.com/menu.mp3</Play>
  <Hangup/>
</Response>
"#)]),
    good: Example::xml(&[("menu.xml", r#"<Response>
  <Gather action="https://example.com/digits">
    <Play>https://example.com/menu.mp3?at=first</Play>
  </Gather>
  <Play>https://example.com/menu.mp3?at=again</Play>
  <Hangup/>
</Response>
"#)]),
    check: Check::Run(check),
};

fn check(run: &mut Run<'_>) {
    let mut first: HashMap<&str, (usize, Span)> = HashMap::new();
    let mut shared = Vec::new();
    for Candidate { file, kept, address } in run.played() {
        let &mut (other, span) = first.entry(address).or_insert((*file, kept.span));
        // Both arms of a conditional are read when one alone is well-formed.
        if (other, span) == (*file, kept.span) {
            continue;
        }
        shared.push((*file, kept.span, address, other, span));
    }
    for (file, span, address, other, also) in shared {
        let message = format!(
            "{address} is played at several places, so that a failure does not tell where in the call it was"
        );
        let related = Related { file: Some(other), span: also, message: "also played here".to_owned() };
        run.report(file, span, message, "give each place its own address, as in ...mp3?at=menu", related);
    }
}
