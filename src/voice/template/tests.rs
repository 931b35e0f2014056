//! Which template is chosen, what it says, and what is refused.

use super::*;
use crate::{
    alert::{AlertKey, samples},
    voice::{QUIET, TEST_CALL},
};

fn headline() -> Headline {
    Headline {
        alert: AlertKey {
            source: "zabbix".into(),
            group: "primary".into(),
            dedup: "1".into(),
        },
        severity: Severity::Critical,
        title: "Disk 95% full".into(),
        host: Some("web-01".into()),
        message: String::new(),
        url: None,
        message_id: Some("disk".into()),
        variables: [("SERVICE".to_owned(), "shop".to_owned())].into(),
    }
}

fn message(
    texts: &[(&str, Language, &str)],
    headline: &Headline,
    waiting: u32,
    language: Language,
) -> (String, Option<TemplateFailure>) {
    let mut templates = TemplateTexts::new();
    for (name, language, text) in texts {
        templates
            .entry((*name).to_owned())
            .or_default()
            .insert(*language, (*text).to_owned());
    }
    let subject = Subject {
        headline,
        counts: Counts {
            waiting,
            open: waiting,
        },
        member: &"alice".into(),
        group: &"primary".into(),
    };
    Templates::new(templates).message(&subject, language)
}

#[track_caller]
fn check(texts: &[(&str, Language, &str)], want: &str) {
    let (said, failure) = message(texts, &headline(), 3, Language::En);
    assert_eq!((said.as_str(), failure), (want, None));
}

#[test]
fn a_template_is_chosen_by_message_id_then_severity_then_default() {
    let (disk, critical, default) = (
        ("disk", Language::En, "by id"),
        ("critical", Language::En, "by severity"),
        ("default", Language::En, "by default"),
    );
    check(&[disk, critical, default], "by id");
    check(&[critical, default], "by severity");
    check(&[default], "by default");
    let other_language = ("disk", Language::Ja, "日本語");
    check(&[other_language, default], "by default");
}

#[test]
fn variables_are_read_aloud_when_they_are_printed() {
    for (text, want) in [
        ("{{ title }}", "Disk 95% full"),
        ("{{ host }}", "web dash 0 1"),
        (
            "{% if host == 'web-01' %}it is {{ host | safe }}{% endif %}",
            "it is web-01",
        ),
        (
            "{{ v.SERVICE }} for {{ member }} of {{ group }}",
            "shop for alice of primary",
        ),
        ("{{ severity }} {{ severity_id }}", "critical critical"),
        ("{{ count }} and {{ others }}", "3 and 2"),
        ("a{{ url }}{{ message }}b", "ab"),
        ("{% if v.NONE %}x{% else %}y{% endif %}", "y"),
        ("{{ v.NONE | default('none') }}", "none"),
        ("two\nlines", "two lines"),
    ] {
        check(&[("default", Language::En, text)], want);
    }
}

#[test]
fn a_template_that_fails_is_replaced_and_reported() {
    for text in [
        "{{ v.NONE }}",
        "{{ nothing }}",
        "{% if",
        "{{ 1 / 0 }}",
        "",
        " ... ",
        "{{ title | nofilter }}",
    ] {
        let (said, failure) = message(
            &[("disk", Language::En, text)],
            &headline(),
            1,
            Language::En,
        );
        assert_eq!(
            said,
            "This is an urgent call. Critical alert for primary. Host: web dash 0 1. Disk 95% full.",
            "{text}"
        );
        assert_eq!(
            failure.map(|failure| failure.name),
            Some("disk".to_owned()),
            "{text}"
        );
    }
}

#[test]
fn every_severity_has_built_in_messages_that_name_what_matters() {
    for language in [Language::Ja, Language::En] {
        for severity in Severity::ALL {
            let headline = Headline {
                severity,
                ..headline()
            };
            let (said, failure) = message(&[], &headline, 3, language);
            assert_eq!(failure, None);
            for part in ["primary", "Disk 95% full", "web", "3", "2"] {
                assert!(said.contains(part), "{said}");
            }
            let bare = Headline {
                host: None,
                ..headline
            };
            let (said, _) = message(&[], &bare, 1, language);
            assert!(!said.contains("web") && !said.contains('2'), "{said}");
        }
    }
}

#[test]
fn built_in_messages_pass_the_check_of_templates() {
    for language in [Language::Ja, Language::En] {
        for severity in Severity::ALL {
            for message_id in [None, Some(TEST_CALL), Some(QUIET)] {
                let message_id = message_id.map(str::to_owned);
                let headline = Headline {
                    severity,
                    message_id,
                    ..Headline::of(&samples::event())
                };
                let message = built_in::message(&headline, language);
                assert_eq!(check_template(message), Ok(()));
            }
        }
    }
}

#[test]
fn a_wrong_template_is_refused_with_what_is_wrong() {
    for (text, want) in [
        ("{{ title }} {{ v.ANYTHING }} {{ v['any thing'] }}", None),
        ("{% for n in range(count) %}{{ title }}{% endfor %}", None),
        ("{% if v.X %}{{ host | spell }}{% endif %}", None),
        (
            "{{ hsot }}",
            Some("unknown variable `hsot`; did you mean `host`?"),
        ),
        (
            "{{ nothing_like_it }}",
            Some("unknown variable `nothing_like_it`. There are: count, group"),
        ),
        ("{% if false %}{{ hsot }}{% endif %}", Some("`hsot`")),
        ("{{ title", Some("cannot be read: line 1: ")),
        ("x\n{% endif %}", Some("cannot be read: line 2: ")),
        ("{{ title | nofilter }}", Some("nofilter")),
        (
            "{{ title.part }}",
            Some("fails with a sample alert: line 1: undefined value"),
        ),
    ] {
        let got = check_template(text);
        match want {
            None => assert_eq!(got, Ok(()), "{text}"),
            Some(want) => {
                let error = got.expect_err(text);
                assert!(error.contains(want), "{text}: {error}");
            }
        }
    }
}
