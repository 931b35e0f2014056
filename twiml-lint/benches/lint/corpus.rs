//! TwiML made up from a seed: what an on-call phone says in Japanese and English, clean but for one file in a hundred.

use std::fmt::Write as _;

/// How many small files there are.
pub(crate) const FILES: u64 = 10_000;
/// About how long each is, in bytes.
const FILE_BYTES: usize = 1_000;
/// About how long the large file is, in bytes.
const LARGE_BYTES: usize = 50_000_000;

/// The small files.
pub(crate) fn small() -> Vec<String> {
    (0..FILES)
        .map(|seed| document(&mut Dice(seed + 1), FILE_BYTES))
        .collect()
}

/// The large file.
pub(crate) fn large() -> Vec<String> {
    vec![document(&mut Dice(50), LARGE_BYTES)]
}

/// A generator of numbers (xorshift), the same on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).expect("small")]
    }
}

fn document(dice: &mut Dice, length: usize) -> String {
    let name = dice.0;
    // The first numbers of small seeds are much alike.
    for _ in 0..8 {
        dice.below(2);
    }
    let has_relative = dice.below(100) == 0;
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>\n".to_owned();
    let mut place = 0;
    while xml.len() + 450 < length || place == 0 {
        place += 1;
        match dice.below(6) {
            0 => dial(dice, &mut xml),
            1 => xml.push_str("  <!-- 当番表 -->\n"),
            _ => gather(dice, (name, place), &mut xml),
        }
    }
    if has_relative {
        xml.push_str("  <Play>/sounds/hello.mp3</Play>\n");
    }
    xml.push_str("  ");
    say(dice, &mut xml);
    xml.push_str("  <Hangup/>\n</Response>\n");
    xml
}

/// A question: what is said stands inside it, so that a key pressed early counts.
fn gather(dice: &mut Dice, (name, place): (u64, u64), xml: &mut String) {
    let _ = writeln!(
        xml,
        "  <Gather numDigits=\"1\" timeout=\"{}\" action=\"https://oncall.example.com/calls/{}/digits?try=1&amp;lang=ja\" method=\"POST\">",
        dice.below(9) + 1,
        dice.below(100_000),
    );
    for part in 0..=dice.below(3) {
        xml.push_str("    ");
        match dice.below(6) {
            0 => {
                // A file of its own for each place of the flow.
                let _ = writeln!(
                    xml,
                    "<Play>https://sounds.example.com/announcements/{name}-{place}-{part}.mp3</Play>"
                );
            }
            1 => {
                let _ = writeln!(xml, "<Pause length=\"{}\"/>", dice.below(9) + 1);
            }
            _ => say(dice, xml),
        }
    }
    xml.push_str("  </Gather>\n");
}

/// Goes on with the next verb if nobody answers.
fn dial(dice: &mut Dice, xml: &mut String) {
    let _ = writeln!(
        xml,
        "  <Dial timeout=\"20\">\n    <Number>+8150{:08}</Number>\n  </Dial>",
        dice.below(100_000_000),
    );
}

fn say(dice: &mut Dice, xml: &mut String) {
    let texts = [
        "データベースが応答していません。",
        "こちらは輪番です。障害を検知しました。",
        "対応する場合は1を、次の当番に回す場合は2を押してください。",
        "Disk usage of web-01 &gt; 90 %",
        "Press 1 to take the alert.",
        "The alert has been resolved.",
    ];
    let text = dice.pick(&texts);
    let attributes = if text.is_ascii() {
        ""
    } else {
        " language=\"ja-JP\" voice=\"Polly.Mizuki\""
    };
    let _ = writeln!(xml, "<Say{attributes}>{text}</Say>");
}
