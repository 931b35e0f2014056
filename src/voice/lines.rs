//! What each line of the escalation says, in both languages.

use crate::{escalation::Line, roster::Language};

/// What is said before the alert or instead of it; nothing for a line that is the alert itself.
pub(super) fn words(line: &Line, count: u32, language: Language) -> Option<String> {
    let fixed = match (line, language) {
        (Line::Message, _) => return None,
        (Line::Acknowledged, _) => return Some(acknowledged(count, language)),
        (Line::TakenBy(who), _) => return Some(taken_by(who, language)),
        (Line::UnknownKey, Language::Ja) => "そのキーは使えません。",
        (Line::UnknownKey, Language::En) => "That key does nothing here.",
        (Line::CloseNotAllowed, Language::Ja) => "このアラートは電話では閉じられません。",
        (Line::CloseNotAllowed, Language::En) => "This alert cannot be closed by phone.",
        (Line::Passed, Language::Ja) => "次の担当者に電話します。",
        (Line::Passed, Language::En) => "The next person will be called. Goodbye.",
        (Line::Closed, Language::Ja) => "アラートを閉じました。",
        (Line::Closed, Language::En) => "You have closed it. Goodbye.",
        (Line::Over, Language::Ja) => "アラートは解消しました。対応は不要です。",
        (Line::Over, Language::En) => "The alert is over. There is nothing to do. Goodbye.",
        (Line::Goodbye, Language::Ja) => "キーが押されなかったため、次の担当者に電話します。",
        (Line::Goodbye, Language::En) => {
            "No key was pressed, so the next person will be called. Goodbye."
        }
    };
    Some(fixed.to_owned())
}

fn acknowledged(count: u32, language: Language) -> String {
    match (language, count) {
        (Language::Ja, _) => {
            format!("{count}件のアラートを引き受けました。対応をお願いします。")
        }
        (Language::En, 1) => "You have taken 1 alert. Thank you. Goodbye.".to_owned(),
        (Language::En, _) => format!("You have taken {count} alerts. Thank you. Goodbye."),
    }
}

fn taken_by(who: &str, language: Language) -> String {
    match language {
        Language::Ja => format!("このアラートは、{who}さんが引き受けました。対応は不要です。"),
        Language::En => {
            format!("This alert has been taken by {who}. There is nothing to do. Goodbye.")
        }
    }
}

/// For a call about an alert that nobody here knows.
pub(super) fn unknown_alert(language: Language) -> &'static str {
    match language {
        Language::Ja => "監視からアラートの連絡です。内容は、監視の画面で確認してください。",
        Language::En => {
            "The monitor reports an alert. Please look there for what it is about. Goodbye."
        }
    }
}

/// Which keys do what.
pub(super) fn keys(allow_close: bool, language: Language) -> &'static str {
    match (language, allow_close) {
        (Language::Ja, false) => {
            "引き受けるには 1 を、次の人に回すには 2 を、もう一度聞くには 3 を押してください。"
        }
        (Language::Ja, true) => {
            "引き受けるには 1 を、次の人に回すには 2 を、もう一度聞くには 3 を、アラートを閉じるには 9 を押してください。"
        }
        (Language::En, false) => {
            "Press 1 to take it, 2 to pass it to the next person, or 3 to hear it again."
        }
        (Language::En, true) => {
            "Press 1 to take it, 2 to pass it to the next person, 3 to hear it again, or 9 to close it."
        }
    }
}
