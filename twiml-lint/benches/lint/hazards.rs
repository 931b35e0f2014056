//! Files that were made to hurt. Each is linted in a process of its own, which says how long it took and how much memory it
//! ever had.

use std::{
    env, fs,
    process::{Command, ExitCode},
    time::Instant,
};

use twiml_lint::{Linter, Settings, finish};

use crate::judge;

/// What makes this program lint one of these files.
pub(crate) const FLAG: &str = "--hazard";

/// A file of 20 MB may take a second, and 64 MiB.
const SECONDS: f64 = 1.0;
const MEBIBYTES: u64 = 64;

const MB: usize = 1_000_000;

/// A name, the file, and the code of what is found.
type Hazard = (&'static str, fn() -> String, &'static str);

const HAZARDS: [Hazard; 12] = [
    ("10,000 levels", || "<a>".repeat(10_000), "TW007"),
    (
        "an attribute of 20 MB",
        || in_root(&format!("<Say voice=\"{}\"/>", "x".repeat(20 * MB))),
        "",
    ),
    (
        "a text of 20 MB",
        || in_root(&format!("<Say>{}</Say>", "x".repeat(20 * MB))),
        "",
    ),
    (
        "20 MB of references",
        || in_root(&format!("<Say>{}</Say>", "&#12354;".repeat(20 * MB / 8))),
        "",
    ),
    (
        "20 MB of bare ampersands",
        || in_root(&"&".repeat(20 * MB)),
        "TW001",
    ),
    (
        "an unclosed comment of 20 MB",
        || in_root(&format!("<!-- {}", "- ".repeat(10 * MB))),
        "TW001",
    ),
    (
        "a million attributes on one element",
        || in_root(&format!("<Say{}/>", attributes(1_000_000))),
        "TW007",
    ),
    (
        "a million attributes, 256 an element",
        || in_root(&format!("<Say{}/>", attributes(256)).repeat(3_906)),
        "",
    ),
    (
        "a million elements",
        || in_root(&"<Say/>".repeat(1_000_000)),
        "",
    ),
    (
        "20 MB of comments that silence, on one line",
        || in_root(&"<!-- twiml-lint: disable=TW101 -->".repeat(20 * MB / 34)),
        "TW007",
    ),
    (
        "a comment of 20 MB that silences",
        || {
            in_root(&format!(
                "<!-- twiml-lint: disable={}-->",
                "x,".repeat(10 * MB)
            ))
        },
        "TW007",
    ),
    (
        "NUL after 20 MB",
        || in_root(&format!("{}\0", " ".repeat(20 * MB))),
        "TW001",
    ),
];

fn in_root(inner: &str) -> String {
    format!("<Response>{inner}</Response>")
}

fn attributes(count: usize) -> String {
    (0..count).map(|n| format!(" a{n}=''")).collect()
}

/// Lints all of them.
pub(crate) fn figure() -> bool {
    println!("\nfiles that were made to hurt");
    let mut all_met = true;
    for (name, _, _) in HAZARDS {
        let program = env::current_exe().expect("this program");
        let child = Command::new(program).args([FLAG, name]).output();
        let child = child.expect("this program runs");
        let told = String::from_utf8_lossy(&child.stdout);
        print!("{told}");
        all_met &= child.status.success();
    }
    all_met
}

/// Lints one of them.
pub(crate) fn suffer(name: &str) -> ExitCode {
    let Some((_, make, expected)) = HAZARDS.iter().find(|(known, _, _)| *known == name) else {
        return ExitCode::from(2);
    };
    // What made the text must not count as what linting it takes.
    let path = env::temp_dir().join(format!("twiml-lint-hazard-{}", std::process::id()));
    fs::write(&path, make()).expect("room for the file");
    forget_peak();
    let bytes = fs::read(&path).expect("just written");
    let linter = Linter::new(Settings::default()).expect("the default settings make sense");
    let start = Instant::now();
    let reports = finish(vec![linter.read(Some("menu.xml"), bytes)]);
    let seconds = start.elapsed().as_secs_f64();
    let _ = fs::remove_file(&path);
    let found = |code: &str| {
        reports[0]
            .findings
            .iter()
            .any(|finding| finding.rule.code == code)
    };
    let is_found = expected.is_empty() || found(expected);
    let after = peak();
    let memory = after.map_or("?".to_owned(), |mebibytes| mebibytes.to_string());
    let met = judge(
        &format!(
            "{name}: {seconds:.3} s, {memory} MiB, {} findings",
            reports[0].findings.len()
        ),
        is_found && seconds < SECONDS && after.is_none_or(|mebibytes| mebibytes <= MEBIBYTES),
    );
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The most memory that this process has ever had, in MiB; Linux tells.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kibibytes.div_ceil(1024))
}

/// Begins to count anew from what the process has now.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}
