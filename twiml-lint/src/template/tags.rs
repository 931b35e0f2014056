//! The tags of the template languages: where one begins, where it ends, and what it does.

use memchr::memmem;

/// A tag of a template language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) role: Role,
}

/// What a tag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Puts something in.
    Output,
    /// Anything else, comments too.
    Control,
    /// Begins a block.
    Open,
    /// Begins a block whose first arm begins with the next [`Role::Middle`].
    Choice,
    /// Ends one arm of a block and begins the next.
    Middle,
    /// Ends a block.
    Close,
}

/// Finds the tags of a text.
pub(super) struct Tags<'a> {
    text: &'a str,
    /// Whether the name says that braces are tags.
    speaks_braces: bool,
    /// Whether the name, or a directive with brackets, says that `#else` and `##` are tags.
    speaks_velocity: bool,
    unclosed: Option<usize>,
    /// Ends that do not come any more, so that they are searched for once.
    missing: Vec<&'static str>,
    /// How many expressions in brackets have had no end so far.
    endless: u32,
}

impl<'a> Tags<'a> {
    pub(super) fn new(text: &'a str, name: Option<&str>) -> Self {
        let extension = name
            .and_then(|name| name.rsplit_once('.'))
            .map_or("", |(_, extension)| extension);
        let is_one_of = |known: &[&str]| {
            known
                .iter()
                .any(|known| extension.eq_ignore_ascii_case(known))
        };
        Self {
            text,
            speaks_braces: is_one_of(&[
                "j2",
                "jinja",
                "jinja2",
                "hbs",
                "handlebars",
                "liquid",
                "mustache",
                "twig",
            ]),
            speaks_velocity: is_one_of(&["vm", "vtl"]),
            unclosed: None,
            missing: Vec::new(),
            endless: 0,
        }
    }

    /// Where a tag begins that never ends, and that cannot be meant as text.
    pub(super) fn unclosed(&self) -> Option<usize> {
        self.unclosed
    }

    /// The tag that begins here.
    pub(super) fn at(&mut self, start: usize) -> Option<Tag> {
        let rest = self.text.as_bytes().get(start..)?;
        let (end, role) = match rest {
            [b'<', b'%', ..] => self.asp(start)?,
            [b'<', b'?', ..] => self.php(start)?,
            [b'{', b'{', ..] => self.mustache(start)?,
            [b'{', b'%', ..] => self.statement(start)?,
            [b'{', b'#', ..] => (self.until(start, 2, "#}", false)?, Role::Control),
            [b'#' | b'%' | b'$', b'{', ..] => (self.braces(start + 1)?, Role::Output),
            [b'$', b'!', b'{', ..] => (self.braces(start + 2)?, Role::Output),
            [b'$', ..] => (self.reference(start)?, Role::Output),
            [b'#', ..] => self.directive(start)?,
            _ => return None,
        };
        Some(Tag { start, end, role })
    }

    /// Behind the first `close` after `start + skip`; remembers what never comes.
    fn until(
        &mut self,
        start: usize,
        skip: usize,
        close: &'static str,
        must_close: bool,
    ) -> Option<usize> {
        let found = if self.missing.contains(&close) {
            None
        } else {
            self.text.get(start + skip..)?.find(close)
        };
        if found.is_none() {
            if !self.missing.contains(&close) {
                self.missing.push(close);
            }
            if must_close {
                self.unclosed.get_or_insert(start);
            }
        }
        found.map(|by| start + skip + by + close.len())
    }

    /// `<%= output %>`, `<% statement %>`, `<%# comment %>`.
    fn asp(&mut self, start: usize) -> Option<(usize, Role)> {
        let end = self.until(start, 2, "%>", true)?;
        let inner = self.text[start + 2..end - 2].trim_matches('-');
        let role = match inner.as_bytes().first() {
            Some(b'=') => Role::Output,
            Some(b'#' | b'%' | b'@' | b'!') => Role::Control,
            _ => code(inner.trim()),
        };
        Some((end, role))
    }

    /// `<?= output ?>`, `<?php statement ?>`, which may lack its end at the end of the file.
    fn php(&mut self, start: usize) -> Option<(usize, Role)> {
        let rest = &self.text[start..];
        let is_output = rest.starts_with("<?=");
        if !is_output && !rest.starts_with("<?php") {
            return None;
        }
        let end = self
            .until(start, 2, "?>", false)
            .map_or(self.text.len(), |first| {
                php_end(self.text, start + 2).unwrap_or(first)
            });
        let inner = self.text[start + 2..end]
            .trim_start_matches("php")
            .trim_end_matches("?>");
        Some((
            end,
            if is_output {
                Role::Output
            } else {
                code(inner.trim())
            },
        ))
    }

    /// `{{output}}`, `{{{output}}}`, `{{#block}}`, `{{else}}`, `{{/block}}`, `{{!comment}}`.
    fn mustache(&mut self, start: usize) -> Option<(usize, Role)> {
        let rest = &self.text[start..];
        let must_close = self.speaks_braces;
        if rest.starts_with("{{!--") {
            return Some((self.until(start, 5, "--}}", must_close)?, Role::Control));
        }
        if rest.starts_with("{{{") {
            return Some((self.until(start, 3, "}}}", must_close)?, Role::Output));
        }
        let end = self.closing(start + 2, must_close)?;
        let inner = self.text[start + 2..end - 2]
            .trim_matches(['~', '-'])
            .trim();
        let role = match inner.as_bytes().first() {
            Some(b'!') => Role::Control,
            Some(b'#') => Role::Open,
            Some(b'/') => Role::Close,
            Some(b'^') if inner.len() == 1 => Role::Middle,
            Some(b'^') => Role::Open,
            _ if inner == "else" || inner.starts_with("else ") => Role::Middle,
            _ => Role::Output,
        };
        Some((end, role))
    }

    /// Behind the `}}` that ends an expression; one in quotes is part of the expression.
    fn closing(&mut self, from: usize, must_close: bool) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let first = self.until(from - 2, 2, "}}", must_close)?;
        let mut quote = None;
        for at in from..bytes.len().min(from + LONGEST) {
            match (quote, bytes[at]) {
                (None, mark @ (b'"' | b'\'')) => quote = Some(mark),
                (Some(mark), byte) if byte == mark => quote = None,
                (None, b'}') if bytes.get(at + 1) == Some(&b'}') => return Some(at + 2),
                (_, b'\n' | b'<') => break,
                _ => {}
            }
        }
        Some(first)
    }

    /// `{% statement %}`; what `comment` and `endcomment` enclose belongs to it.
    fn statement(&mut self, start: usize) -> Option<(usize, Role)> {
        let must_close = self.speaks_braces;
        let end = self.until(start, 2, "%}", must_close)?;
        let inner = self.text[start + 2..end - 2]
            .trim_matches(['-', '+'])
            .trim();
        let word = inner
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()
            .unwrap_or_default();
        if word == "comment"
            && let Some(behind) = self.until(end, 0, "endcomment", false)
        {
            return Some((self.until(behind, 0, "%}", must_close)?, Role::Control));
        }
        let role = match word {
            "if" | "unless" | "for" | "ifchanged" | "tablerow" => Role::Open,
            "case" => Role::Choice,
            "else" | "elif" | "elsif" | "elseif" | "when" => Role::Middle,
            "endif" | "endunless" | "endfor" | "endifchanged" | "endtablerow" | "endcase" => {
                Role::Close
            }
            "include" | "render" | "block" | "import" | "echo" => Role::Output,
            _ => Role::Control,
        };
        Some((end, role))
    }

    /// Behind the brace that closes the one at `open`.
    fn braces(&mut self, open: usize) -> Option<usize> {
        let part = self.expression(open)?;
        // A quote may be none, as in `${user's}`.
        let end = balanced(part, b'{', b'}', true).or_else(|| balanced(part, b'{', b'}', false));
        self.endless += u32::from(end.is_none());
        end.map(|by| open + by)
    }

    /// Behind the bracket that closes the one at `open`.
    fn brackets(&mut self, open: usize) -> Option<usize> {
        let end = balanced(self.expression(open)?, b'(', b')', false);
        self.endless += u32::from(end.is_none());
        end.map(|by| open + by)
    }

    /// Where the end of an expression is looked for, unless so many have had none that this is no template.
    fn expression(&self, open: usize) -> Option<&'a [u8]> {
        let rest = &self.text.as_bytes()[open..];
        (self.endless < MAX_ENDLESS).then(|| &rest[..rest.len().min(LONGEST)])
    }

    /// `$name`, `$!name`, `$name.member(arguments)[index]`.
    fn reference(&mut self, start: usize) -> Option<usize> {
        let text = self.text;
        let bytes = text.as_bytes();
        let mut at = start + 1 + usize::from(bytes.get(start + 1) == Some(&b'!'));
        let is_start = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
        let name = |from: usize| {
            let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
            from + bytes[from..].iter().take_while(is_part).count()
        };
        bytes.get(at).filter(|byte| is_start(byte))?;
        at = name(at);
        loop {
            match bytes.get(at) {
                Some(b'.')
                    if bytes.get(at + 1).is_some_and(is_start) && self.is_member(name(at + 1)) =>
                {
                    at = name(at + 1);
                }
                Some(b'(') => at = self.brackets(at)?,
                _ => return Some(at),
            }
        }
    }

    /// Whether what follows a dot belongs to the reference: in `$base.mp3` it does not.
    fn is_member(&self, end: usize) -> bool {
        self.speaks_velocity
            || self.text.as_bytes().get(end) == Some(&b'(')
            || self.text[..end].ends_with(char::is_alphabetic)
    }

    /// `#if(...)` and its kin, `#else` and `#end`, comments.
    fn directive(&mut self, start: usize) -> Option<(usize, Role)> {
        let rest = &self.text[start + 1..];
        if self.speaks_velocity && rest.starts_with('#') {
            let line = rest.find('\n').map_or(self.text.len(), |by| start + 1 + by);
            return Some((line, Role::Control));
        }
        if self.speaks_velocity && rest.starts_with('*') {
            return Some((self.until(start, 2, "*#", true)?, Role::Control));
        }
        let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let word = &rest[..length];
        let role = match word {
            "if" | "foreach" | "macro" | "define" => Role::Open,
            "elseif" | "else" => Role::Middle,
            "end" => Role::Close,
            "set" | "break" | "stop" => Role::Control,
            "parse" | "include" | "evaluate" => Role::Output,
            _ => return None,
        };
        let after = start + 1 + length;
        if matches!(word, "else" | "end" | "break" | "stop") {
            return self.speaks_velocity.then_some((after, role));
        }
        let blanks = self.text[after..]
            .bytes()
            .take_while(|byte| *byte == b' ')
            .count();
        if self.text.as_bytes().get(after + blanks) != Some(&b'(') {
            return None;
        }
        self.speaks_velocity = true;
        Some((self.brackets(after + blanks)?, role))
    }
}

/// How long an expression in braces or brackets may be, in bytes.
const LONGEST: usize = 4096;

/// Behind the `?>` that ends a PHP tag. One in a string is part of it: that is how PHP writes an XML declaration. A comment of
/// one line hides quotes, and ends with the tag.
fn php_end(text: &str, from: usize) -> Option<usize> {
    let bytes = &text.as_bytes()[..text.len().min(from + LONGEST)];
    let (mut at, mut quote) = (from, None);
    while at < bytes.len() {
        match (quote, &bytes[at..]) {
            (Some(_), [b'\\', _, ..]) => at += 1,
            (Some(mark), [byte, ..]) if *byte == mark => quote = None,
            (Some(_), _) => {}
            (None, [b'?', b'>', ..]) => return Some(at + 2),
            (None, [mark @ (b'"' | b'\''), ..]) => quote = Some(*mark),
            (None, [b'/', b'/', ..] | [b'#', ..]) => at = end_of_line(bytes, at) - 1,
            (None, [b'/', b'*', ..]) => at += memmem::find(&bytes[at..], b"*/")? + 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where the line ends, or the tag if that is first.
fn end_of_line(bytes: &[u8], from: usize) -> usize {
    let ends = |two: &[u8]| two[0] == b'\n' || two == b"?>";
    let by = bytes[from..].windows(2).position(ends);
    by.map_or(bytes.len(), |by| from + by).max(from + 1)
}

/// How many expressions without an end are looked through in one file.
const MAX_ENDLESS: u32 = 256;

/// How many bytes from an opening sign to behind its closing one; signs in quotes may not count.
fn balanced(part: &[u8], open: u8, close: u8, knows_quotes: bool) -> Option<usize> {
    let mut depth = 0;
    let mut quote = None;
    for (at, &byte) in part.iter().enumerate() {
        match quote {
            Some(mark) if byte == mark => quote = None,
            Some(_) => {}
            None if knows_quotes && matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None if byte == open => depth += 1,
            None if byte == close => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            None => {}
        }
    }
    None
}

/// What a statement of Ruby or PHP does.
fn code(statement: &str) -> Role {
    let statement = statement.trim_end_matches(';').trim();
    let word = statement
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .next()
        .unwrap_or_default();
    let opens =
        statement.ends_with(['{', ':']) || statement.ends_with('|') || statement.ends_with(" do");
    match word {
        "else" | "elsif" | "elseif" | "when" | "in" => Role::Middle,
        "end" | "endif" | "endforeach" | "endfor" | "endwhile" => Role::Close,
        "" if statement.starts_with('}') && statement.ends_with('{') => Role::Middle,
        "" if statement.starts_with('}') => Role::Close,
        "case" | "switch" => Role::Choice,
        "if" | "unless" | "for" | "while" | "until" | "foreach" => Role::Open,
        _ if opens => Role::Open,
        _ => Role::Control,
    }
}
