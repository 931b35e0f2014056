//! Japanese. The text of a fault stays English: it is for the operator, beside the provider's code.

use crate::{
    alert::{HELD, Severity},
    escalation::{Became, Fault, FaultClass, News, Outcome, Sickness},
    notice::Notice,
    roster::MemberName,
};

pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "情報",
        Severity::Warning => "警告",
        Severity::Error => "エラー",
        Severity::Critical => "重大",
    }
}

pub(super) fn place(notice: &Notice) -> String {
    let (group, open, waiting) = (&notice.group, notice.counts.open, notice.counts.waiting);
    match open {
        0 | 1 => format!("({group})"),
        _ if waiting == open => format!("({group}、アラート {open} 件)"),
        _ => format!("({group}、アラート {open} 件、うち未対応 {waiting} 件)"),
    }
}

pub(super) fn news(news: &News) -> String {
    match news {
        News::Opened => "アラートが発生しました。".to_owned(),
        News::Noted => "アラートが発生しました。電話するほど重大ではありません。".to_owned(),
        News::Calling { member, round } => format!("{member} さんに電話します ({round} 巡目)。"),
        News::Writing { member, round } => {
            format!("{member} さんに SMS を送ります ({round} 巡目)。")
        }
        News::NotReached { member, outcome } => not_reached(member, outcome),
        News::Answered { member } => format!("{member} さんの電話に応答がありました。"),
        News::Acknowledged { by } if by == HELD => {
            "監視側で抑制されているため、解除されるまで電話しません。".to_owned()
        }
        News::Acknowledged { by } => format!("{by} さんが対応します。"),
        News::Closed { by } => format!("{by} さんが電話でクローズしました。"),
        News::Recovered { reason: None } => "復旧しました。".to_owned(),
        News::Recovered {
            reason: Some(reason),
        } => format!("終了しました: {reason}"),
        News::Resumed => {
            "対応中のまま期限までにクローズされなかったため、再び電話します。".to_owned()
        }
        News::NobodyOnCall => {
            "当番がいないため、誰にも電話できません。名簿を直してください。".to_owned()
        }
        News::Exhausted { rounds } => {
            format!("{rounds} 巡しましたが、誰も対応しませんでした。電話を終わります。")
        }
        News::Provider { became, .. } => became_of(became),
        News::Broken {
            provider,
            fault: why,
        } => {
            let why = fault(why);
            format!("電話会社 {provider} は管理者の対応を必要としています: {why}")
        }
    }
}

fn became_of(became: &Became) -> String {
    match became {
        Became::Sick { sickness, until } => {
            let why = match sickness {
                Sickness::Faults => "2 回続けて失敗しました",
                Sickness::Rate => "最近の依頼の半分が失敗しました",
                Sickness::Slow => "3 回続けて 5 秒を超えました",
                Sickness::Account => "アカウントが使えません (認証情報または停止)。直してください",
                Sickness::StillSick => "まだ失敗しています",
            };
            format!("使用を止めています: {why}。{until:.0} に確かめます。")
        }
        Became::Well => "復旧しました。".to_owned(),
        Became::HeldBack {
            arrived: Some((arrived, of)),
        } => format!(
            "最近の {of} 件のうち {arrived} 件しか届かなかったため、別の電話会社が受け持ちます。"
        ),
        Became::HeldBack { arrived: None } => {
            "2 件続けて届かなかったため、別の電話会社が受け持ちます。".to_owned()
        }
        Became::Back => "再び受け持ちます。".to_owned(),
        Became::LowBalance { left } => {
            format!("残高が {left} しかありません。使えなくなる前に入金してください。")
        }
        Became::ToppedUp { left } => format!("入金されました。残高は {left} です。"),
        Became::ForcedOpen { by, why } => format!("{by} さんが使用を止めました: {why}"),
        Became::ForcedClosed { by, why } => format!("{by} さんが常に使うようにしました: {why}"),
        Became::Auto { by, why } if why.is_empty() => {
            format!("{by} さんが自動に戻しました。")
        }
        Became::Auto { by, why } => format!("{by} さんが自動に戻しました: {why}"),
        Became::Weighed { weight, by, why } => {
            format!("{by} さんが重みを {weight} にしました: {why}")
        }
    }
}

fn not_reached(member: &MemberName, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Busy => format!("{member} さんは話し中でした。"),
        Outcome::NoAnswer => format!("{member} さんは電話に出ませんでした。"),
        Outcome::Failed => format!("{member} さんへの電話はつながりませんでした。"),
        Outcome::Canceled => format!("{member} さんへの電話は取り消されました。"),
        Outcome::NoKey => {
            format!("{member} さんの電話に応答がありましたが、キーは押されませんでした。")
        }
        Outcome::Passed => format!("{member} さんは次の人に回しました。"),
        Outcome::Taken => format!("{member} さんが対応します。"),
        Outcome::Unheard => {
            format!("{member} さんの電話に応答がありましたが、メッセージは取得されませんでした。")
        }
        Outcome::NotRinging => format!(
            "{member} さんの電話が鳴りませんでした。ほかの電話会社があれば、そちらで電話します。"
        ),
        Outcome::NoReply => format!("{member} さんから SMS の返信がありません。"),
        Outcome::Lost => format!("{member} さんへの電話について、電話会社から連絡がありません。"),
        Outcome::NotPlaced(why) => {
            format!("{member} さんに電話できませんでした: {}", fault(why))
        }
        Outcome::NoProvider => {
            format!("{member} さんに電話できませんでした: 使える電話会社がありません。")
        }
        Outcome::Engaged => format!("{member} さんには別の件で電話中です。"),
        Outcome::Resting => {
            format!("{member} さんへの電話は 1 時間の上限に達したため、飛ばします。")
        }
    }
}

fn fault(fault: &Fault) -> String {
    let whose = match fault.class {
        FaultClass::Provider => "電話会社の問題",
        FaultClass::Account => "アカウントの問題",
        FaultClass::Callee => "番号の問題",
        FaultClass::Ours => "こちらの設定の問題",
        FaultClass::Ambiguous => "結果は不明",
    };
    match fault.code {
        Some(code) => format!("{} (コード {code}、{whose})", fault.text),
        None => format!("{} ({whose})", fault.text),
    }
}
