//! How quickly files are linted: `cargo bench -p twiml-lint --bench lint`.
//!
//! The reference is quick-xml's bare event loop over the same files, in the same run, turn by turn in an order that changes
//! from round to round: a reference says how fast the machine is just now. `xmllint` and the command itself are measured
//! where they are installed or built. Then come files that were made to hurt, each in a process of its own.

mod clock;
mod corpus;
mod hazards;
mod others;

use std::{hint::black_box, process::ExitCode, time::Duration};

use quick_xml::{Reader, events::Event};
use twiml_lint::{Document, Limits, Linter, Settings, finish, finish_with};

use clock::Clock;
use others::Other;

/// Linting is to be at least this much of the bare loop's throughput,
const OF_BARE: f64 = 0.5;
/// and at least this many megabytes a second on one thread.
const MEGABYTES_PER_SECOND: f64 = 300.0;
const ROUNDS: usize = 15;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name] = &arguments[..]
        && flag == hazards::FLAG
    {
        return hazards::suffer(name);
    }
    let mut all_met = true;
    for (name, files) in [
        ("10,000 files of 1 kB", corpus::small()),
        ("one file of 50 MB", corpus::large()),
    ] {
        all_met &= figure(name, &files);
    }
    all_met &= hazards::figure();
    if all_met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// One way to go through all files; it says how long it took.
type Way<'a> = (&'a str, Box<dyn Fn() -> Duration + 'a>);

fn figure(name: &str, files: &[String]) -> bool {
    let bytes: usize = files.iter().map(String::len).sum();
    let events: u64 = files.iter().map(|text| bare(text)).sum();
    println!(
        "\n{name}: {:.1} MB, {} bytes and {} events a file",
        megabytes(bytes),
        bytes / files.len(),
        events / files.len() as u64
    );
    let linter = Linter::new(Settings::default()).expect("the default settings make sense");
    let found = with_findings(&linter, files);
    println!("  {found} of them with findings");
    let others = Other::all(files);
    let mut ways: Vec<Way<'_>> = vec![
        ("quick-xml, bare loop", Box::new(|| time_bare(files))),
        ("parse", Box::new(|| time_parse(files))),
        ("lint", Box::new(|| time_lint(&linter, files))),
    ];
    for other in &others {
        ways.push((other.name, Box::new(|| other.time())));
    }
    let medians = measure(&ways);
    let bare = medians[0];
    for ((name, _), time) in ways.iter().zip(&medians) {
        let seconds = time.as_secs_f64();
        println!(
            "  {name:<34} {:>9.1} ms {:>8.0} MB/s   {:.2} of the bare loop",
            seconds * 1000.0,
            megabytes(bytes) / seconds,
            bare.as_secs_f64() / seconds
        );
    }
    let ratio = bare.as_secs_f64() / medians[2].as_secs_f64();
    let speed = megabytes(bytes) / medians[2].as_secs_f64();
    let mut met = judge(
        &format!("lint: {ratio:.2} of the bare loop, >= {OF_BARE}"),
        ratio >= OF_BARE,
    );
    met &= judge(
        &format!("lint: {speed:.0} MB/s on one thread, >= {MEGABYTES_PER_SECOND}"),
        speed >= MEGABYTES_PER_SECOND,
    );
    others::judge_command(&others, &medians[3..]) && met
}

/// Says whether a goal is met.
fn judge(goal: &str, met: bool) -> bool {
    println!("  {}  {goal}", if met { "met   " } else { "MISSED" });
    met
}

/// The median time of each way.
fn measure(ways: &[Way<'_>]) -> Vec<Duration> {
    let mut times = vec![Vec::with_capacity(ROUNDS); ways.len()];
    for round in 0..ROUNDS {
        for turn in 0..ways.len() {
            let way = (round + turn) % ways.len();
            times[way].push(ways[way].1());
        }
    }
    times
        .into_iter()
        .map(|mut times| {
            times.sort();
            times[times.len() / 2]
        })
        .collect()
}

fn time_bare(files: &[String]) -> Duration {
    let start = Clock::start();
    for text in files {
        black_box(bare(text));
    }
    start.elapsed()
}

/// Counts the events.
fn bare(text: &str) -> u64 {
    let mut reader = Reader::from_str(text);
    let mut events = 0;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return events,
            Ok(_) => events += 1,
            Err(error) => panic!("the corpus is well-formed: {error}"),
        }
    }
}

fn time_parse(files: &[String]) -> Duration {
    let start = Clock::start();
    for text in files {
        let document = Document::parse_within(text, Limits::FILE);
        black_box(document.expect("the corpus is well-formed"));
    }
    start.elapsed()
}

/// How many of the files have findings.
fn with_findings(linter: &Linter, files: &[String]) -> usize {
    let read = |(number, text): (usize, &String)| {
        linter.read(Some(&format!("{number}.xml")), text.as_bytes().to_vec())
    };
    let reports = finish(files.iter().enumerate().map(read).collect());
    reports
        .iter()
        .filter(|report| !report.findings.is_empty())
        .count()
}

/// As the command does it: texts are let go, and the few that share an address with others are asked for again.
fn time_lint(linter: &Linter, files: &[String]) -> Duration {
    // Whoever reads a file has its bytes to give away.
    let owned: Vec<Vec<u8>> = files.iter().map(|text| text.as_bytes().to_vec()).collect();
    let start = Clock::start();
    let read = |bytes| {
        let mut checked = linter.read(Some("menu.xml"), bytes);
        checked.forget_text();
        checked
    };
    let checked = owned.into_iter().map(read).collect();
    let reports = finish_with(checked, |file| Some(files[file].as_bytes().to_vec()));
    let time = start.elapsed();
    assert_eq!(reports.len(), files.len());
    time
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sizes of files are exact in f64"
)]
fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}
