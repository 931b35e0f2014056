//! A notice as two lines for people: what is wrong, and what happened. Names people, never their numbers.

mod english;
mod japanese;

use super::Notice;
use crate::{
    alert::Severity,
    escalation::{Headline, News},
    roster::Language,
};

/// How the text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markup {
    /// Plain text.
    Plain,
    /// Slack's mrkdwn: severity in bold, the title as a link, `&`, `<` and `>` escaped, so that nothing in an alert can
    /// mention a channel or a person.
    Slack,
}

/// Longer pieces of an alert are cut, in characters. Slack takes 40,000 in all.
const PIECE_LIMIT: usize = 300;

/// The notice as two lines, without a newline at the end.
pub fn render(notice: &Notice, language: Language, markup: Markup) -> String {
    let words = Words::of(language);
    let severity = (words.severity)(notice.headline.severity);
    let subject = subject(&notice.headline, markup);
    let place = markup.text(&(words.place)(notice));
    let news = markup.text(&one_line((words.news)(&notice.news)));
    match markup {
        Markup::Plain => format!("[{severity}] {subject} {place}\n{news}"),
        Markup::Slack => format!("*[{severity}]* {subject} {place}\n{news}"),
    }
}

/// What happened, in one line and plain text.
pub fn news(news: &News, language: Language) -> String {
    one_line((Words::of(language).news)(news))
}

/// What differs between languages.
struct Words {
    severity: fn(Severity) -> &'static str,
    /// The group, and how many alerts if more than one.
    place: fn(&Notice) -> String,
    news: fn(&News) -> String,
}

impl Words {
    fn of(language: Language) -> Self {
        match language {
            Language::Ja => Self {
                severity: japanese::severity,
                place: japanese::place,
                news: japanese::news,
            },
            Language::En => Self {
                severity: english::severity,
                place: english::place,
                news: english::news,
            },
        }
    }
}

impl Markup {
    fn text(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Slack => escape(text),
        }
    }
}

/// Host and title; in Slack a link, if the alert has one.
fn subject(headline: &Headline, markup: Markup) -> String {
    let title = piece(&headline.title);
    let subject = match &headline.host {
        Some(host) => format!("{}: {title}", piece(host)),
        None => title,
    };
    let subject = markup.text(&subject);
    match &headline.url {
        Some(url) if markup == Markup::Slack && is_web(url) => {
            // The first bar ends the address.
            format!("<{}|{subject}>", escape(&url.replace('|', "%7C")))
        }
        _ => subject,
    }
}

fn is_web(url: &str) -> bool {
    (url.starts_with("https://") || url.starts_with("http://"))
        && !url.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Slack, "Formatting text for app surfaces": these three characters are to be escaped, and no others.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn piece(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(PIECE_LIMIT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// Runs of blanks, newlines and control characters become one blank.
fn one_line(text: impl AsRef<str>) -> String {
    text.as_ref()
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        escalation::{Became, Counts, Fault, FaultClass, Outcome, Sickness},
        notice::samples::notice,
        roster::Channel,
    };

    fn check(news: News, ja: &str, en: &str) {
        let notice = notice("slack", news);
        for (language, head, expected) in [
            (Language::Ja, "[重大] db1: Disk full (db)", ja),
            (Language::En, "[CRITICAL] db1: Disk full (db)", en),
        ] {
            let text = render(&notice, language, Markup::Plain);
            assert_eq!(text, format!("{head}\n{expected}"));
        }
    }

    fn fault(code: Option<u32>) -> Fault {
        Fault {
            class: FaultClass::Account,
            code,
            text: "the credentials were refused".to_owned(),
        }
    }

    #[test]
    fn every_piece_of_news_is_told_in_both_languages() {
        let taro = || "taro".into();
        for (news, ja, en) in [
            (News::Opened, "アラートが発生しました。", "New alert."),
            (
                News::Calling {
                    member: taro(),
                    round: 2,
                },
                "taro さんに電話します (2 巡目)。",
                "Calling taro (round 2).",
            ),
            (
                News::Answered { member: taro() },
                "taro さんの電話に応答がありました。",
                "taro's phone was answered.",
            ),
            (
                News::Acknowledged { by: "taro".into() },
                "taro さんが対応します。",
                "taro has taken it.",
            ),
            (
                News::Acknowledged {
                    by: crate::alert::HELD.into(),
                },
                "監視側で抑制されているため、解除されるまで電話しません。",
                "Suppressed in the monitor: nobody is called until that ends.",
            ),
            (
                News::Closed { by: taro() },
                "taro さんが電話でクローズしました。",
                "taro closed it by phone.",
            ),
            (
                News::Recovered { reason: None },
                "復旧しました。",
                "Recovered.",
            ),
            (
                News::Recovered {
                    reason: Some("monitor\ndeleted".into()),
                },
                "終了しました: monitor deleted",
                "Over: monitor deleted",
            ),
            (
                News::Resumed,
                "対応中のまま期限までにクローズされなかったため、再び電話します。",
                "Taken, but not closed in time: calling again.",
            ),
            (
                News::NobodyOnCall,
                "当番がいないため、誰にも電話できません。名簿を直してください。",
                "Nobody is on call, so nobody can be called. Mend the roster.",
            ),
            (
                News::Exhausted { rounds: 1 },
                "1 巡しましたが、誰も対応しませんでした。電話を終わります。",
                "Nobody took it in 1 round. Calling ends here.",
            ),
            (
                News::Exhausted { rounds: 3 },
                "3 巡しましたが、誰も対応しませんでした。電話を終わります。",
                "Nobody took it in 3 rounds. Calling ends here.",
            ),
            (
                News::Broken {
                    provider: "twilio".into(),
                    fault: fault(Some(20003)),
                },
                "電話会社 twilio は管理者の対応を必要としています: the credentials were refused (コード 20003、アカウントの問題)",
                "Provider twilio needs an operator: the credentials were refused (20003; the account's fault)",
            ),
        ] {
            check(news, ja, en);
        }
    }

    #[test]
    fn whatever_becomes_of_a_provider_is_told_in_both_languages() {
        let (by, why) = (|| "aya".to_owned(), || "it drops calls".to_owned());
        let until = "2025-11-22T01:09:30.5Z".parse().expect("a timestamp");
        for (became, ja, en) in [
            (
                Became::Sick {
                    sickness: Sickness::Faults,
                    until,
                },
                "使用を止めています: 2 回続けて失敗しました。2025-11-22T01:09:30Z に確かめます。",
                "Nothing goes through it: two requests in a row failed. It is probed at 2025-11-22T01:09:30Z.",
            ),
            (Became::Well, "復旧しました。", "It is well again."),
            (
                Became::HeldBack {
                    arrived: Some((1, 4)),
                },
                "最近の 4 件のうち 1 件しか届かなかったため、別の電話会社が受け持ちます。",
                "Held back: 1 of the last 4 arrived. Another one carries its part.",
            ),
            (
                Became::HeldBack { arrived: None },
                "2 件続けて届かなかったため、別の電話会社が受け持ちます。",
                "Held back: two in a row did not arrive. Another one carries its part.",
            ),
            (
                Became::Back,
                "再び受け持ちます。",
                "It carries its part again.",
            ),
            (
                Became::ForcedOpen {
                    by: by(),
                    why: why(),
                },
                "aya さんが使用を止めました: it drops calls",
                "Switched off by aya: it drops calls",
            ),
            (
                Became::ForcedClosed {
                    by: by(),
                    why: why(),
                },
                "aya さんが常に使うようにしました: it drops calls",
                "Always used, by aya: it drops calls",
            ),
            (
                Became::Auto {
                    by: by(),
                    why: String::new(),
                },
                "aya さんが自動に戻しました。",
                "Left to itself again by aya.",
            ),
            (
                Became::Weighed {
                    weight: 30,
                    by: by(),
                    why: why(),
                },
                "aya さんが重みを 30 にしました: it drops calls",
                "Weight 30, set by aya: it drops calls",
            ),
        ] {
            let news = News::Provider {
                provider: "twilio".into(),
                channel: Channel::Voice,
                became,
            };
            let json = serde_json::to_string(&news).expect("JSON");
            let back: News = serde_json::from_str(&json).expect("read back");
            assert_eq!(back, news, "the outbox keeps it");
            check(news, ja, en);
        }
    }

    #[test]
    fn every_end_of_a_call_is_told_in_both_languages() {
        for (outcome, ja, en) in [
            (
                Outcome::Busy,
                "taro さんは話し中でした。",
                "taro's line was busy.",
            ),
            (
                Outcome::NoAnswer,
                "taro さんは電話に出ませんでした。",
                "taro did not answer.",
            ),
            (
                Outcome::Failed,
                "taro さんへの電話はつながりませんでした。",
                "The call to taro could not be connected.",
            ),
            (
                Outcome::Canceled,
                "taro さんへの電話は取り消されました。",
                "The call to taro was cancelled.",
            ),
            (
                Outcome::NoKey,
                "taro さんの電話に応答がありましたが、キーは押されませんでした。",
                "taro's phone was answered, but no key was pressed.",
            ),
            (
                Outcome::Passed,
                "taro さんは次の人に回しました。",
                "taro passed it on to the next person.",
            ),
            (
                Outcome::Taken,
                "taro さんが対応します。",
                "taro has taken it.",
            ),
            (
                Outcome::Unheard,
                "taro さんの電話に応答がありましたが、メッセージは取得されませんでした。",
                "taro's phone was answered, but our message was never fetched.",
            ),
            (
                Outcome::Lost,
                "taro さんへの電話について、電話会社から連絡がありません。",
                "No word from the provider about the call to taro.",
            ),
            (
                Outcome::NotPlaced(fault(None)),
                "taro さんに電話できませんでした: the credentials were refused (アカウントの問題)",
                "taro could not be called: the credentials were refused (the account's fault)",
            ),
            (
                Outcome::NoProvider,
                "taro さんに電話できませんでした: 使える電話会社がありません。",
                "taro could not be called: no provider is left.",
            ),
            (
                Outcome::Engaged,
                "taro さんには別の件で電話中です。",
                "taro is on another call of ours.",
            ),
            (
                Outcome::Resting,
                "taro さんへの電話は 1 時間の上限に達したため、飛ばします。",
                "taro is skipped: called too often within the hour.",
            ),
        ] {
            let member = "taro".into();
            check(News::NotReached { member, outcome }, ja, en);
        }
    }

    #[test]
    fn the_first_line_names_severity_host_title_group_and_how_many() {
        for (severity, host, counts, ja, en) in [
            (
                Severity::Info,
                None,
                (1, 1),
                "[情報] Disk full (db)",
                "[INFO] Disk full (db)",
            ),
            (
                Severity::Warning,
                Some("db1"),
                (0, 0),
                "[警告] db1: Disk full (db)",
                "[WARNING] db1: Disk full (db)",
            ),
            (
                Severity::Error,
                Some("db1"),
                (3, 3),
                "[エラー] db1: Disk full (db、アラート 3 件)",
                "[ERROR] db1: Disk full (db, 3 alerts)",
            ),
            (
                Severity::Critical,
                Some("db1"),
                (1, 3),
                "[重大] db1: Disk full (db、アラート 3 件、うち未対応 1 件)",
                "[CRITICAL] db1: Disk full (db, 3 alerts, 1 of them waiting)",
            ),
        ] {
            let mut notice = notice("slack", News::Opened);
            let headline = Arc::make_mut(&mut notice.headline);
            headline.severity = severity;
            headline.host = host.map(str::to_owned);
            let (waiting, open) = counts;
            notice.counts = Counts { waiting, open };
            for (language, expected) in [(Language::Ja, ja), (Language::En, en)] {
                let text = render(&notice, language, Markup::Plain);
                assert_eq!(text.lines().next(), Some(expected));
            }
        }
    }

    #[test]
    fn slack_gets_bold_links_and_nothing_that_an_alert_smuggles_in() {
        for (title, url, expected) in [
            ("Disk full", None, "*[CRITICAL]* db1: Disk full (db)"),
            (
                "<!channel> a & b",
                None,
                "*[CRITICAL]* db1: &lt;!channel&gt; a &amp; b (db)",
            ),
            (
                "Disk <full>",
                Some("https://zabbix.example/tr?a=1&b=<2>|3"),
                "*[CRITICAL]* <https://zabbix.example/tr?a=1&amp;b=&lt;2&gt;%7C3|db1: Disk &lt;full&gt;> (db)",
            ),
            (
                "Disk full",
                Some("javascript:alert(1)"),
                "*[CRITICAL]* db1: Disk full (db)",
            ),
            (
                "Disk full",
                Some("https://zabbix.example/ x"),
                "*[CRITICAL]* db1: Disk full (db)",
            ),
        ] {
            let by = "<@U1>".to_owned();
            let mut notice = notice("slack", News::Acknowledged { by });
            let headline = Arc::make_mut(&mut notice.headline);
            headline.title = title.to_owned();
            headline.url = url.map(str::to_owned);
            let text = render(&notice, Language::En, Markup::Slack);
            assert_eq!(text, format!("{expected}\n&lt;@U1&gt; has taken it."));
        }
    }

    #[test]
    fn two_lines_stay_two_lines_however_long_the_alert() {
        let mut notice = notice("slack", News::Opened);
        let headline = Arc::make_mut(&mut notice.headline);
        headline.title = "障害\r\n\u{1b}[31m".repeat(10_000);
        headline.host = Some("db1\ndb2".to_owned());
        for markup in [Markup::Plain, Markup::Slack] {
            let text = render(&notice, Language::Ja, markup);
            assert_eq!(text.lines().count(), 2);
            assert!(text.chars().count() < 2 * PIECE_LIMIT, "{text}");
            assert!(!text.contains('\u{1b}'));
        }
    }
}
