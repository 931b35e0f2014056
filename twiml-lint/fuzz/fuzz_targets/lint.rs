//! Any bytes, under any name and settings, end in findings: no panic, no endless loop, and every finding lies in the text.
//!
//! `cargo fuzz run lint`, with the files of `fixtures/twiml` as a corpus.

#![no_main]

use libfuzzer_sys::fuzz_target;
use twiml_lint::{Linter, Settings, finish};

const NAMES: [&str; 6] = ["a.xml", "a.xml.erb", "a.vm", "a.j2", "a.hbs", "a.php"];

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, bytes) = input;
    let settings = Settings {
        strict: choice & 1 == 1,
        strict_placeholders: choice & 2 == 2,
        inline: choice & 4 == 4,
        base_url: (choice & 8 == 8).then(|| "https://example.com/voice/".to_owned()),
        ..Settings::default()
    };
    let name = NAMES[usize::from(choice >> 4) % NAMES.len()];
    let linter = Linter::new(settings).expect("settings that make sense");
    for report in finish(vec![linter.read(Some(name), bytes.to_vec())]) {
        let text = report.text().unwrap_or_default();
        for finding in &report.findings {
            let _ = text[finding.span.range()].len();
            let _ = report.position(finding.span.start);
            let (around, start) = report.around(finding.span.start).unwrap_or_default();
            assert!(text[start as usize..].starts_with(around));
            for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
                let _ = text[edit.span.range()].len();
            }
        }
    }
});
