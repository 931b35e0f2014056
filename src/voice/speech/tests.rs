//! Texts and how they are read aloud.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, ja: &str, en: &str) {
    assert_eq!(readable(text, Language::Ja), ja, "{text} in Japanese");
    assert_eq!(readable(text, Language::En), en, "{text} in English");
}

#[test]
fn what_names_something_is_spelled_out() {
    check(
        "web-01.example.com",
        "web ハイフン ゼロ イチ ドット example ドット com",
        "web dash 0 1 dot example dot com",
    );
    check(
        "192.168.1.10",
        "イチ キュウ ニ ドット イチ ロク ハチ ドット イチ ドット イチ ゼロ",
        "1 9 2 dot 1 6 8 dot 1 dot 1 0",
    );
    check(
        "10.0.0.0/8",
        "イチ ゼロ ドット ゼロ ドット ゼロ ドット ゼロ スラッシュ 8",
        "1 0 dot 0 dot 0 dot 0 slash 8",
    );
    check("123456", "イチ ニ サン ヨン ゴ ロク", "1 2 3 4 5 6");
    check("007", "ゼロ ゼロ ナナ", "0 0 7");
    check("v1.2.3", "v イチ ドット ニ ドット サン", "v 1 dot 2 dot 3");
    check(
        "cpu_usage",
        "cpu アンダーバー usage",
        "cpu underscore usage",
    );
    check(
        "/var/log",
        "スラッシュ var スラッシュ log",
        "slash var slash log",
    );
    check("web01が停止", "web ゼロ イチ が停止", "web 0 1 が停止");
    check(
        "ops@example.com",
        "ops アットマーク example ドット com",
        "ops at example dot com",
    );
}

#[test]
fn what_counts_something_stays_a_number() {
    for text in [
        "95%", "3.5GB", "1,200", "10", "99.9%", "120ms", "16384MB", "12:34", "9:05:00",
    ] {
        check(text, text, text);
    }
    check("-5", "マイナス 5", "minus 5");
    check(
        "ディスク使用率95%超過",
        "ディスク使用率95%超過",
        "ディスク使用率95%超過",
    );
    check("９５％", "95%", "95%");
    check("cpu=95%", "cpu イコール 95%", "cpu equals 95%");
    check("load > 90", "load 大なり 90", "load greater than 90");
}

#[test]
fn words_are_read_as_words() {
    check("DiskFull", "Disk Full", "Disk Full");
    check("HighCPULoad", "High CPU Load", "High CPU Load");
    check("read-only", "read only", "read only");
    check("Host is down.", "Host is down.", "Host is down.");
    check("CPU: high!", "CPU: high!", "CPU: high!");
    check("(primary)", "(primary)", "(primary)");
    check("it's IDs", "it's IDs", "it's IDs");
    check("a - b", "a, b", "a, b");
    check("", "", "");
    check("...", "...", "...");
}

#[test]
fn dates_and_addresses_of_pages_are_shortened_to_what_helps() {
    check("2026-01-05", "2026年1月5日", "2026-01-05");
    check(
        "2026/12/31 23:59",
        "2026年12月31日 23:59",
        "2026-12-31 23:59",
    );
    check(
        "2026-01-05T10:20:30Z",
        "2026年1月5日 10:20:30Z",
        "2026-01-05 10:20:30Z",
    );
    check(
        "https://a.example/x?y=1",
        "a ドット example",
        "a dot example",
    );
    check(
        "see https://u:p@a.example:8443/x",
        "see a ドット example コロン ハチ ヨン ヨン サン",
        "see a dot example colon 8 4 4 3",
    );
}

#[test]
fn a_host_is_spelled_even_if_it_looks_like_words() {
    assert_eq!(spelled("db-primary", Language::Ja), "db ハイフン primary");
    assert_eq!(spelled("db-primary", Language::En), "db dash primary");
    assert_eq!(spelled("12", Language::Ja), "イチ ニ");
    assert_eq!(spelled("本番 web-01", Language::En), "本番 web dash 0 1");
}

#[test]
fn what_is_not_spoken_becomes_a_blank() {
    check(
        "a\u{0}b\tc\r\nd\u{200b}e\u{ffff}f",
        "a b c d e f",
        "a b c d e f",
    );
    check("全角　ｗｅｂ", "全角 web", "全角 web");
}

#[test]
fn a_text_that_is_too_long_says_that_there_is_more() {
    let ja = fit(&"障".repeat(1_000), Language::Ja);
    assert!(ja.ends_with("障。以下、省略します。"), "{ja}");
    assert!(ja.chars().count() > 490, "{}", ja.chars().count());
    let en = fit(&"a".repeat(5_000), Language::En);
    assert!(en.ends_with("a ... and more."), "{en}");
    assert_eq!(en.chars().count(), SAY_CHARS);
    for text in ["障".repeat(500), "a".repeat(3_000)] {
        assert_eq!(fit(&text, Language::Ja), text);
    }
}

proptest! {
    #[test]
    fn whatever_is_read_is_one_line_that_xml_allows(text in "\\PC{0,80}|[ -~]{0,80}|[\u{0}-\u{20}\u{7f}-\u{a0}a1.-]{0,40}") {
        for language in [Language::Ja, Language::En] {
            for said in [readable(&text, language), spelled(&text, language)] {
                prop_assert!(!said.chars().any(is_unspoken), "{said:?}");
                prop_assert!(!said.contains("  ") && said.trim() == said, "{said:?}");
            }
        }
    }

    #[test]
    fn whatever_is_fitted_is_within_the_limits(text in "(\\PC{0,40}|[a-z]{0,40}){0,120}") {
        for language in [Language::Ja, Language::En] {
            let fitted = fit(&text, language);
            prop_assert!(encoded_len(&fitted) <= SAY_ENCODED);
            prop_assert!(fitted.chars().count() <= SAY_CHARS);
        }
    }
}
