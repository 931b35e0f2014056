//! The alphabet that text messages have by default (3GPP TS 23.038, section 6.2.1, with its extension table). A text with any other
//! character is sent as UCS-2, and carriers that are not told so garble it.

const ALPHABET: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿\
                        abcdefghijklmnopqrstuvwxyzäöñüà\u{c}^{}\\[~]|€";

/// Whether a text can be sent in it.
pub(super) fn holds(text: &str) -> bool {
    text.chars().all(|c| ALPHABET.contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_default_alphabet_lacks_needs_another() {
        for (text, expected) in [
            ("", true),
            ("Disk full on web-01 (95%): press 1 & go {now} ~ €5", true),
            ("ÄÖÜ ñ à Δ", true),
            ("ディスク", false),
            ("ç", false),
            ("a\tb", false),
            ("“quoted”", false),
            ("emoji 🔥", false),
            ("`", false),
        ] {
            assert_eq!(holds(text), expected, "{text:?}");
        }
        // 128 places, one of them the escape, and ten more behind it.
        assert_eq!(ALPHABET.chars().count(), 127 + 10);
    }
}
