//! What fits into a form. Each rank of members is sure of a share, so none is cut away by another: the longest lines of a rank are
//! cut first, each beside its beginning. Lines that do not fit are counted.

use std::collections::HashMap;

use super::{rank::Rank, tree::Tree};
use crate::{
    approval::Details,
    legible::{legible, not_shown, one_line, written, written_within},
};

/// So many lines of a kind are kept, and so many that are neither a reason nor a name; they are more than fit.
const MAX_LINES: usize = 4_000;
const MAX_OTHERS: usize = 10_000;
/// A path of names is cut in its middle beyond so many bytes.
const MAX_PATH: usize = 200;
/// What a line takes beside its texts, in a table or in the store.
const AROUND: usize = 16;
/// Room that is left for saying how much is not shown.
const FOR_THE_COUNT: usize = 150;
/// What a rank is sure of, inside lists and outside them: a reason or a name that takes no more, if it is the only one, is shown
/// in full whatever else there is.
const SHARE: usize = 5_000;
/// A line is cut to no less: of seven kinds of reasons or names, the first of each is seen whatever else there is.
const MIN_LINE: usize = 700;
/// What is no longer than this goes before what is, if it is neither a reason nor a name.
const SHORT: usize = 1_000;
/// Stands where there is nothing.
pub(super) const NOTHING: &str = "-";
const SEPARATOR: &str = ", ";

/// When lines are given room: outside lists before inside them, since a list may have any number. Two sizes of `Other` come last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tier {
    in_list: bool,
    rank: Rank,
    is_long: bool,
}

impl Tier {
    /// Room that is kept for it.
    fn share(self, need: usize) -> usize {
        if self.rank == Rank::Other { 0 } else { need.min(SHARE) }
    }
}

/// When a line is given room: the first of each kind before the second, what lies less deep first, a value before a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    tier: Tier,
    nth: usize,
    depth: usize,
    is_list: bool,
}

struct Line {
    rank: Rank,
    /// How many of its kind are before it: those of the same member in the objects of a list.
    nth: usize,
    depth: usize,
    in_list: bool,
    label: String,
    value: String,
    /// Where each word of a list ends.
    ends: Vec<usize>,
}

impl Line {
    /// As it is written in a form.
    fn size(&self) -> usize {
        self.around() + written(&self.value)
    }

    fn around(&self) -> usize {
        written(&self.label) + AROUND
    }

    /// Where it stands: the content's own subject, reason and names first, then everything in its order.
    fn place(&self) -> Rank {
        let is_first = self.depth <= 1 || (self.rank <= Rank::Reason && !self.in_list);
        if is_first { self.rank } else { Rank::Other }
    }

    fn turn(&self) -> Turn {
        let is_other = self.rank == Rank::Other;
        let is_long = is_other && self.size() > SHORT;
        let tier = Tier { in_list: self.in_list || is_other, rank: self.rank, is_long };
        // Of what is not promised, nothing is left out in between.
        let nth = if is_other { 0 } else { self.nth };
        Turn { tier, nth, depth: self.depth, is_list: !self.ends.is_empty() }
    }

    /// The beginning of it that fits into `room`.
    fn cut(&self, room: usize) -> String {
        let room = room.saturating_sub(self.around());
        let for_words = room.saturating_sub(FOR_THE_COUNT);
        let (mut size, mut shown, mut begin) = (0, 0, 0);
        for end in &self.ends {
            size += written(&self.value[begin..*end]);
            if size > for_words {
                break;
            }
            (begin, shown) = (*end, shown + 1);
        }
        match shown {
            0 => written_within(&self.value, room),
            _ => format!("{}… {}", &self.value[..begin], not_shown(self.ends.len() - shown)),
        }
    }
}

/// Where a value of a content stands.
#[derive(Clone, Copy)]
struct Path<'a> {
    label: &'a str,
    /// The label without the places in lists.
    kind: &'a str,
    /// By the member's name, or the one of the list that it stands in.
    rank: Rank,
    depth: usize,
    in_list: bool,
}

/// The lines of a content.
#[derive(Default)]
pub(super) struct Page {
    lines: Vec<Line>,
    kept: HashMap<String, usize>,
    others: usize,
    /// Those that were not even looked at.
    beyond: usize,
}

impl Page {
    /// Adds a member of the content.
    pub fn line(&mut self, rank: Rank, label: &str, value: &str) {
        self.add(Path { label, kind: label, rank, depth: 1, in_list: false }, &[value]);
    }

    /// Adds an entry of a list of the content.
    pub fn entry(&mut self, rank: Rank, label: &str, value: &str) {
        self.add(Path { label, kind: label, rank, depth: 2, in_list: true }, &[value]);
    }

    fn add(&mut self, path: Path<'_>, words: &[&str]) {
        let Path { label, kind, rank, depth, in_list } = path;
        if rank == Rank::Other {
            self.others += 1;
        }
        let nth = match self.kept.get_mut(kind) {
            Some(kept) => {
                *kept += 1;
                *kept
            }
            None => *self.kept.entry(kind.to_owned()).or_default(),
        };
        if nth >= MAX_LINES || self.others > MAX_OTHERS && rank == Rank::Other {
            self.beyond += 1;
            return;
        }
        let (mut value, mut ends) = (String::new(), Vec::new());
        for (index, word) in words.iter().enumerate() {
            value.push_str(&legible(if word.trim().is_empty() { NOTHING } else { word }));
            if index + 1 < words.len() {
                value.push_str(SEPARATOR);
            }
            ends.push(value.len());
        }
        if words.len() < 2 {
            ends.clear();
        }
        let label = shortened(one_line(label));
        self.lines.push(Line { rank, nth, depth, in_list, label, value, ends });
    }

    /// Adds every leaf of a member of the content with its path.
    pub fn flatten(&mut self, label: &str, value: &Tree) {
        let last = label.rsplit(['.', ']']).find(|name| !name.is_empty()).unwrap_or_default();
        let name = last.split('[').next().unwrap_or_default();
        let depth = usize::from(!label.is_empty()) + label.matches(['.', '[']).count();
        let in_list = label.contains('[');
        let label = shortened(label.to_owned());
        let kind: String = label.chars().filter(|c| !(in_list && c.is_ascii_digit())).collect();
        self.walk(Path { label: &label, kind: &kind, rank: Rank::of(name), depth, in_list }, value);
    }

    /// Adds every leaf of a member that stands beside the content.
    pub fn beside(&mut self, name: &str, value: &Tree) {
        let label = shortened(format!("submit.{name}"));
        let rank = Rank::of(name);
        self.walk(Path { label: &label, kind: &label, rank, depth: 1, in_list: false }, value);
    }

    fn walk(&mut self, path: Path<'_>, value: &Tree) {
        match value {
            Tree::Object(members) if !members.is_empty() => {
                for (name, value) in members {
                    let dot = if path.label.is_empty() { "" } else { "." };
                    let label = shortened(format!("{}{dot}{name}", path.label));
                    let kind = shortened(format!("{}{dot}{name}", path.kind));
                    let (rank, depth) = (Rank::of(name), path.depth + 1);
                    self.walk(Path { label: &label, kind: &kind, rank, depth, ..path }, value);
                }
            }
            Tree::List(list) if list.iter().any(|value| word(value).is_none()) => {
                let kind = shortened(format!("{}[]", path.kind));
                let inside = Path { kind: &kind, depth: path.depth + 1, in_list: true, ..path };
                for (index, value) in list.iter().enumerate() {
                    let label = shortened(format!("{}[{}]", path.label, index + 1));
                    self.walk(Path { label: &label, ..inside }, value);
                }
            }
            Tree::List(list) if !list.is_empty() => {
                self.add(path, &list.iter().filter_map(word).collect::<Vec<_>>());
            }
            Tree::Object(_) | Tree::List(_) | Tree::Null => self.add(path, &[NOTHING]),
            Tree::Word(text) | Tree::Text(text) => self.add(path, &[text]),
        }
    }

    /// What fits into `limit` written bytes.
    pub fn details(mut self, limit: usize) -> Details {
        self.lines.sort_by_key(Line::place);
        let turn = |(index, line): (usize, &Line)| (line.turn(), index);
        let mut order: Vec<(Turn, usize)> = self.lines.iter().enumerate().map(turn).collect();
        order.sort_unstable();
        let sizes: Vec<usize> = self.lines.iter().map(Line::size).collect();
        let tiers: Vec<(Tier, Vec<usize>)> = order
            .chunk_by(|one, other| one.0.tier == other.0.tier)
            .map(|chunk| (chunk[0].0.tier, chunk.iter().map(|(_, index)| *index).collect()))
            .collect();
        let share =
            |(tier, lines): &(Tier, Vec<usize>)| tier.share(lines.iter().map(|index| sizes[*index]).sum());
        let mut kept: usize = tiers.iter().map(share).sum();
        let mut room = limit.saturating_sub(FOR_THE_COUNT);
        let mut shown: Vec<Option<String>> = vec![None; self.lines.len()];
        for tier in &tiers {
            kept -= share(tier);
            room -= self.show(&tier.1, &sizes, room.saturating_sub(kept), &mut shown);
        }
        let missing = self.beyond + shown.iter().filter(|value| value.is_none()).count();
        let items = self.lines.into_iter().zip(shown).filter_map(|(line, value)| Some((line.label, value?)));
        let text = if missing == 0 { String::new() } else { not_shown(missing) };
        Details { items: items.collect(), text }
    }

    /// Shows lines within a room, and says how much of it they take. Once one does not fit, none after it is shown.
    fn show(&self, lines: &[usize], sizes: &[usize], room: usize, shown: &mut [Option<String>]) -> usize {
        let level = level(lines.iter().map(|index| sizes[*index]).collect(), room).max(MIN_LINE);
        let mut used = 0;
        for index in lines {
            let (line, size) = (&self.lines[*index], sizes[*index]);
            let left = room - used;
            if size > left && left < level {
                break;
            }
            let value = if size <= level { line.value.clone() } else { line.cut(level) };
            used += line.around() + written(&value);
            shown[*index] = Some(value);
        }
        used
    }
}

/// What lines take as they are written.
pub(super) fn size(items: &[(String, String)]) -> usize {
    items.iter().map(|(label, value)| written(label) + written(value) + AROUND).sum()
}

/// To what size all are cut, so that they fit into a room.
fn level(mut sizes: Vec<usize>, mut room: usize) -> usize {
    sizes.sort_unstable();
    for (index, size) in sizes.iter().enumerate() {
        let each = room / (sizes.len() - index);
        if *size > each {
            return each;
        }
        room -= size;
    }
    usize::MAX
}

/// A label without its middle: what it begins and ends with tells the most.
fn shortened(mut label: String) -> String {
    if label.len() > MAX_PATH {
        let (head, tail) = (MAX_PATH / 2, label.len() - MAX_PATH / 2);
        label.replace_range(label.floor_char_boundary(head)..label.ceil_char_boundary(tail), "…");
    }
    label
}

/// What stands in a list of words.
fn word(value: &Tree) -> Option<&str> {
    match value {
        Tree::Null => Some("null"),
        Tree::Word(text) | Tree::Text(text) => Some(text),
        Tree::List(_) | Tree::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataphin::content::{LIMIT, readable};

    fn read(content: &str) -> Details {
        readable(&Tree::read(content.as_bytes()).unwrap(), &[])
    }

    fn objects(number: usize, filler: usize) -> String {
        let object = |n: usize| {
            format!(r#"{{"objectType":"TABLE","objectName":"dwd_{n}","note":"{}"}}"#, "x".repeat(filler))
        };
        (1..=number).map(object).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn eighty_objects_of_three_members_are_shown_whole_wherever_the_remark_stands() {
        let (objects, remark) = (objects(80, 3), r#""publishRemark":"month end""#);
        for content in [
            format!(r#"{{{remark},"publishObjects":[{objects}]}}"#),
            format!(r#"{{"publishObjects":[{objects}],{remark}}}"#),
        ] {
            let details = read(&content);
            assert_eq!(details.items[0], ("publishRemark".to_owned(), "month end".to_owned()));
            assert_eq!((details.items.len(), details.text.as_str()), (241, ""));
            assert_eq!(details.items[1].0, "publishObjects[1].objectType", "in their order");
        }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_reason_and_names_are_not_what_is_cut() {
        let content = format!(r#"{{"publishObjects":[{}],"publishRemark":"month end"}}"#, objects(800, 300));
        let details = read(&content);
        let all = details.to_string();
        assert!(all.len() <= LIMIT, "{}", all.len());
        assert_eq!(details.items[0].1, "month end");
        let names = details.items.iter().filter(|(label, _)| label.ends_with("objectName")).count();
        assert_eq!(names, 800, "every name");
        let missing = 2401 - details.items.len();
        assert!(
            details.text.contains(&format!("{missing} more not shown; see Dataphin")),
            "{}",
            details.text
        );
    }

    #[test]
    fn names_without_end_are_shown_as_far_as_they_fit() {
        let content = format!(r#"{{"publishObjects":[{}],"publishRemark":"month end"}}"#, objects(5_000, 1));
        let details = read(&content);
        assert_eq!(details.items[0].1, "month end");
        let names = details.items.iter().filter(|(label, _)| label.ends_with("objectName")).count();
        assert!(names > 800, "{names}");
        let missing = 15_001 - details.items.len();
        assert!(details.text.contains(&format!("{missing} more not shown")), "{}", details.text);
    }

    #[test]
    fn a_list_of_names_is_cut_between_two_names() {
        let names: Vec<String> = (0..20_000).map(|n| format!("\"t{n}\"")).collect();
        let details = read(&format!(r#"{{"tables":[{}],"applyReason":"r"}}"#, names.join(",")));
        let (label, value) = &details.items[1];
        let shown = value.split(", t").count();
        assert_eq!(label, "tables");
        assert!(value.contains(&format!("t{}, … 还有 {} 项", shown - 1, 20_000 - shown)), "{shown}");
    }

    #[test]
    fn long_code_gives_way_to_everything_that_is_short() {
        let code = "select 1;\\n".repeat(90_000);
        let details = read(&format!(r#"{{"code":"{code}","tableName":"t","owner":"o","applyReason":"r"}}"#));
        let labels: Vec<&str> = details.items.iter().map(|(label, _)| label.as_str()).collect();
        assert_eq!(labels, ["applyReason", "tableName", "code", "owner"]);
        assert!(details.items[2].1.contains("more characters not shown; see Dataphin"));
        assert!(details.to_string().len() <= LIMIT);
    }

    #[test]
    fn even_a_reason_without_end_leaves_room_for_the_names() {
        let details =
            read(&format!(r#"{{"applyReason":"{}","tableName":"t","note":"n"}}"#, "r".repeat(900_000)));
        assert!(details.items[0].1.contains("more characters not shown"));
        assert_eq!(
            details.items[1..].iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>(),
            ["tableName", "note"]
        );
        assert_eq!(details.text, "");
    }

    #[test]
    fn a_million_bytes_of_members_are_read_in_bounds() {
        let members: Vec<String> = (0..100_000).map(|n| format!("\"m{n}\":1")).collect();
        let long_names = format!(
            r#"{{"{}":[{}]}}"#,
            "n".repeat(500_000),
            r#"{"a":1},"#.repeat(50_000).trim_end_matches(',')
        );
        for content in [format!("{{{}}}", members.join(",")), long_names] {
            let details = read(&content);
            assert!(details.to_string().len() <= LIMIT);
            assert!(details.text.contains("more not shown"));
        }
    }
}
