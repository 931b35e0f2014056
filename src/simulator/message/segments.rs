//! How many segments a text takes, by which the carrier bills: GSM-7 where its letters are enough, UCS-2 otherwise
//! (3GPP TS 23.038 and 23.040).

/// One septet each.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Two septets each: an escape goes before.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How many segments a text takes; one at least. A character is never cut in two.
pub(in crate::simulator) fn segments(text: &str) -> usize {
    let septets: Option<Vec<usize>> = text.chars().map(septets).collect();
    match septets {
        Some(lengths) => parts(&lengths, 160, 153),
        None => parts(
            &text.chars().map(char::len_utf16).collect::<Vec<_>>(),
            70,
            67,
        ),
    }
}

fn septets(c: char) -> Option<usize> {
    match c {
        c if BASIC.contains(c) => Some(1),
        c if EXTENSION.contains(c) => Some(2),
        _ => None,
    }
}

/// `whole` is the room of a lone segment, `part` that of each of several, which bear a header.
fn parts(lengths: &[usize], whole: usize, part: usize) -> usize {
    if lengths.iter().sum::<usize>() <= whole {
        return 1;
    }
    let (mut parts, mut filled) = (1, 0);
    for length in lengths {
        if filled + length > part {
            parts += 1;
            filled = 0;
        }
        filled += length;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_counted_in_the_smallest_alphabet_that_holds_it() {
        let check = |text: &str, times: usize, expected: usize| {
            let text = text.repeat(times);
            assert_eq!(segments(&text), expected, "{} characters", text.len());
        };
        check("", 1, 1);
        check("a", 160, 1);
        check("a", 161, 2);
        check("a", 306, 2);
        check("a", 307, 3);
        check("@", 160, 1);
        check("€", 80, 1);
        check("€", 81, 2);
        check("障", 70, 1);
        check("障", 71, 2);
        check("障", 134, 2);
        check("障", 135, 3);
        check("`", 71, 2);
        check("😀", 35, 1);
        check("😀", 36, 2);
    }

    #[test]
    fn a_character_is_never_cut_in_two() {
        // 152 septets and an escape pair: the pair goes to the next segment.
        let text = format!("{}€{}", "a".repeat(152), "a".repeat(151));
        assert_eq!(segments(&text), 2);
        assert_eq!(segments(&format!("{text}a")), 3);
        let text = format!("{}😀{}", "障".repeat(66), "障".repeat(65));
        assert_eq!(segments(&text), 2);
        assert_eq!(segments(&format!("{text}障")), 3);
    }
}
