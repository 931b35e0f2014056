//! The same for random documents: whatever is drawn from the grammar is clean, and one mistake in it is found.

use proptest::{prelude::*, sample::Index};

use super::{GRAMMAR, Grammar, Node, bad_values, found, good_values};

/// Decides what is drawn; each number is used once.
type Choices = Vec<u32>;

/// Draws documents from the grammar.
struct Drawing<'g> {
    grammar: &'g Grammar,
    choices: std::vec::IntoIter<u32>,
}

impl Drawing<'_> {
    /// A number below `bound`; the smallest documents come of zeros and of no choices at all.
    fn below(&mut self, bound: usize) -> usize {
        self.choices.next().unwrap_or(0) as usize % bound
    }

    fn document(&mut self) -> Node {
        let roots = self.grammar.roots();
        let root = roots[self.below(roots.len())];
        self.element(root, 0)
    }

    fn element(&mut self, class: usize, depth: usize) -> Node {
        let mut node = self.grammar.bare(class);
        let attributes: Vec<_> = self.grammar.attributes(class).collect();
        for (name, spec) in attributes {
            if self.below(4) == 3 {
                let values = good_values(spec);
                let value = values[self.below(values.len())].clone();
                node.attributes.push((name.to_owned(), value));
            }
        }
        let grammar = self.grammar;
        let classes = grammar.children(class);
        if !classes.is_empty() && depth < 5 {
            for _ in 0..self.below(4) {
                let child = classes[self.below(classes.len())];
                node.children.push(self.element(child, depth + 1));
            }
        }
        let whole = self.grammar.whole(class);
        if node.children.is_empty() {
            node.children = whole.children;
        }
        // Dial holds a number or elements; the parameters of others are no substitute for their text.
        let is_full = node.name == "Dial" && !node.children.is_empty();
        node.text = if is_full { String::new() } else { whole.text };
        if node.text.is_empty() {
            node.text = ["", "\n  ", " "][self.below(3)].to_owned();
        }
        node
    }
}

fn draw(grammar: &Grammar, choices: Choices) -> Node {
    let mut drawing = Drawing {
        grammar,
        choices: choices.into_iter(),
    };
    let mut root = drawing.document();
    // The first verb that one product alone knows tells which runs the document.
    let telling = ["Say", "Message", "Receive"];
    let verbs = grammar.children(root.class).iter();
    let first = verbs
        .copied()
        .find(|&verb| telling.contains(&grammar.name(verb)))
        .expect("a verb of its own");
    root.children.insert(0, grammar.whole(first));
    root
}

/// Paths to all elements.
fn paths(node: &Node, at: &mut Vec<usize>, paths: &mut Vec<Vec<usize>>) {
    paths.push(at.clone());
    for (index, child) in node.children.iter().enumerate() {
        at.push(index);
        self::paths(child, at, paths);
        at.pop();
    }
}

fn at<'n>(node: &'n mut Node, path: &[usize]) -> &'n mut Node {
    path.iter()
        .fold(node, |node, &index| &mut node.children[index])
}

/// Makes one mistake in an element, and says what must be found; nothing if the element has no place for it.
fn spoil(
    grammar: &Grammar,
    root: &mut Node,
    path: &[usize],
    kind: usize,
    which: Index,
) -> Option<String> {
    let node = at(root, path);
    let class = node.class;
    let swapped = |name: &str| {
        let lower = name.to_ascii_lowercase();
        if lower == name {
            name.to_ascii_uppercase()
        } else {
            lower
        }
    };
    let expected = match kind {
        0 | 1 if !path.is_empty() => {
            let (name, code) = match kind {
                0 => (format!("{}z", node.name), "TW201"),
                _ => (swapped(&node.name), "TW204"),
            };
            node.name.clone_from(&name);
            format!("{code} {name}")
        }
        2 | 3 if !node.attributes.is_empty() => {
            let index = which.index(node.attributes.len());
            let (name, _) = &mut node.attributes[index];
            if name.starts_with("xml:") {
                return None;
            }
            let code;
            (*name, code) = match kind {
                2 => (format!("{name}z"), "TW203"),
                _ => (swapped(name), "TW205"),
            };
            format!("{code} {name}")
        }
        4 => {
            let all: Vec<_> = grammar
                .attributes(class)
                .flat_map(|(name, spec)| bad_values(spec).into_iter().map(move |bad| (name, bad)))
                .collect();
            if all.is_empty() {
                return None;
            }
            let (name, (value, code, place)) = &all[which.index(all.len())];
            node.attributes.retain(|(other, _)| other != name);
            node.attributes.push(((*name).to_owned(), value.clone()));
            format!("{code} {place}")
        }
        5 => {
            let allowed: Vec<&str> = grammar
                .children(class)
                .iter()
                .map(|&child| grammar.name(child))
                .collect();
            let others: Vec<usize> = (0..grammar.classes.len())
                .filter(|&other| {
                    !allowed.contains(&grammar.name(other)) && grammar.name(other) != "Response"
                })
                .collect();
            let other = others[which.index(others.len())];
            if node.name == "Dial" {
                node.text.clear();
            }
            node.children.push(grammar.whole(other));
            format!("TW202 {}", grammar.name(other))
        }
        6 if grammar.text(class).is_empty() => {
            node.text = "当番".to_owned();
            "TW209 当番".to_owned()
        }
        _ => return None,
    };
    Some(expected)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_documents_are_clean(choices in prop::collection::vec(any::<u32>(), 0..200)) {
        let grammar = &*GRAMMAR;
        let source = draw(grammar, choices).xml();
        prop_assert_eq!(found(&source), [""; 0], "{}", source);
    }

    #[test]
    fn one_mistake_in_a_random_document_is_found(
        choices in prop::collection::vec(any::<u32>(), 0..200),
        place: Index,
        kind in 0_usize..7,
        which: Index,
    ) {
        let grammar = &*GRAMMAR;
        let mut root = draw(grammar, choices);
        let mut all = Vec::new();
        paths(&root, &mut Vec::new(), &mut all);
        let path = place.get(&all).clone();
        let expected = spoil(grammar, &mut root, &path, kind, which);
        prop_assume!(expected.is_some());
        let source = root.xml();
        prop_assert_eq!(found(&source), [expected.expect("assumed")], "{}", source);
    }
}
