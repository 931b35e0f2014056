//! The messages that are spoken when the operator has written none.

use crate::{
    alert::{Headline, Severity},
    roster::Language,
    voice::{QUIET, TEST_CALL},
};

/// The built-in message for an alert.
pub(super) fn message(headline: &Headline, language: Language) -> &'static str {
    if headline.message_id.as_deref() == Some(TEST_CALL) {
        return match language {
            Language::Ja => {
                "輪番からのテストのお電話です。障害は発生していません。この電話に出られることを確認しています。"
            }
            Language::En => {
                "This is a test call from rinban. Nothing is wrong. It only makes sure that you can be reached."
            }
        };
    }
    if headline.message_id.as_deref() == Some(QUIET) {
        return match language {
            Language::Ja => {
                "緊急のお電話です。{{ v.heartbeat }} からの定期連絡が\
                 {% if v.minutes %}{{ v.minutes }}分{% else %}{{ v.seconds }}秒{% endif %}間ありません。\
                 監視が止まっているかもしれません。\
                 {% if others %}ほかに{{ others }}件、合わせて{{ count }}件のアラートがあります。{% endif %}"
            }
            Language::En => {
                "This is an urgent call. {{ v.heartbeat }} has been quiet for \
                 {% if v.minutes %}{{ v.minutes }} minutes{% else %}{{ v.seconds }} seconds{% endif %}. \
                 Its monitoring may have stopped. \
                 {% if others %}There {{ 'is' if others == 1 else 'are' }} {{ others }} more, {{ count }} alerts in all.{% endif %}"
            }
        };
    }
    match (headline.severity, language) {
        (Severity::Critical, Language::Ja) => {
            "緊急のお電話です。{{ group }} で{{ severity }}が発生しています。\
             {% if host %}ホスト、{{ host | spell }}。{% endif %}{{ title }}。\
             {% if others %}ほかに{{ others }}件、合わせて{{ count }}件のアラートがあります。{% endif %}"
        }
        (_, Language::Ja) => {
            "{{ group }} のアラートです。重要度は{{ severity }}です。\
             {% if host %}ホスト、{{ host | spell }}。{% endif %}{{ title }}。\
             {% if others %}ほかに{{ others }}件、合わせて{{ count }}件のアラートがあります。{% endif %}"
        }
        (Severity::Critical, Language::En) => {
            "This is an urgent call. Critical alert for {{ group }}. \
             {% if host %}Host: {{ host | spell }}. {% endif %}{{ title }}. \
             {% if others %}There {{ 'is' if others == 1 else 'are' }} {{ others }} more, {{ count }} alerts in all.{% endif %}"
        }
        (_, Language::En) => {
            "Alert for {{ group }}, severity {{ severity }}. \
             {% if host %}Host: {{ host | spell }}. {% endif %}{{ title }}. \
             {% if others %}There {{ 'is' if others == 1 else 'are' }} {{ others }} more, {{ count }} alerts in all.{% endif %}"
        }
    }
}
