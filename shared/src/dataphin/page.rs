//! What fits into a form. If not all does, the reason and the names stay, then what is short; the rest is cut where it says how
//! much is missing, or counted.

use super::tree::Tree;
use crate::{
    approval::Details,
    legible::{legible, not_shown, one_line, within},
};

/// So many lines are looked at; they are more than fit.
const MAX_LINES: usize = 10_000;
/// A path of names is cut off after so many bytes.
const MAX_PATH: usize = 200;
/// What a line takes beside its texts, in a table or in the store.
const AROUND: usize = 16;
/// Room that is left for saying how much is not shown.
const FOR_THE_COUNT: usize = 150;
/// Less of a text than this is not worth showing.
const WORTH_SHOWING: usize = 400;
/// What is no longer than this goes before what is.
const SHORT: usize = 1_000;

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// What it is about, and what is to be done with it.
    Subject,
    /// Why.
    Reason,
    /// What something is called.
    Name,
    /// Anything else.
    Other,
}

impl Rank {
    /// The rank of a member.
    pub fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if name.starts_with("operate") {
            Self::Subject
        } else if ends(&["reason", "remark", "reasons", "remarks"]) {
            Self::Reason
        } else if ends(&["name", "names", "table", "tables", "resource", "resources"]) {
            Self::Name
        } else {
            Self::Other
        }
    }
}

struct Line {
    rank: Rank,
    /// Whether it is a member of the content itself.
    is_top: bool,
    label: String,
    value: String,
    /// How many words the value is a list of.
    words: usize,
}

impl Line {
    fn size(&self) -> usize {
        self.label.len() + self.value.len() + AROUND
    }

    /// Where it stands: what it is about, why, its own names, and everything else in its order.
    fn place(&self) -> Rank {
        if self.is_top || self.rank <= Rank::Reason { self.rank } else { Rank::Other }
    }

    /// When it is given room.
    fn turn(&self) -> (Rank, bool) {
        (self.rank, self.rank == Rank::Other && self.size() > SHORT)
    }

    /// The beginning of it that fits into `room`.
    fn cut(&self, room: usize) -> Option<String> {
        let room = room.checked_sub(self.label.len() + AROUND).filter(|room| *room >= WORTH_SHOWING)?;
        if self.words < 2 {
            return Some(within(&self.value, room));
        }
        let (mut shown, mut words) = (String::new(), 0);
        for word in self.value.split_inclusive(SEPARATOR) {
            if shown.len() + word.len() + FOR_THE_COUNT > room {
                break;
            }
            shown.push_str(word);
            words += 1;
        }
        match words {
            0 => Some(within(&self.value, room)),
            words => Some(format!("{shown}… {}", not_shown(self.words.saturating_sub(words)))),
        }
    }
}

const SEPARATOR: &str = ", ";

/// The lines of a content.
#[derive(Default)]
pub(super) struct Page {
    lines: Vec<Line>,
    /// Those that were not even looked at.
    beyond: usize,
}

impl Page {
    /// Adds a member of the content.
    pub fn line(&mut self, rank: Rank, label: &str, value: &str) {
        self.add(rank, rank <= Rank::Reason, label, value, 1);
    }

    fn add(&mut self, rank: Rank, is_top: bool, label: &str, value: &str, words: usize) {
        if self.lines.len() == MAX_LINES {
            self.beyond += 1;
            return;
        }
        self.lines.push(Line { rank, is_top, label: one_line(label), value: legible(value), words });
    }

    /// Adds every leaf of a value with its path.
    pub fn flatten(&mut self, path: &str, value: &Tree) {
        let name = path.rsplit(['.', ']']).find(|name| !name.is_empty()).unwrap_or_default();
        let name = name.split('[').next().unwrap_or_default();
        let (rank, is_top) = (Rank::of(name), !path.contains(['.', '[']));
        match value {
            Tree::Object(members) => {
                for (name, value) in members {
                    self.flatten(
                        &joined(path, &if path.is_empty() { name.clone() } else { format!(".{name}") }),
                        value,
                    );
                }
            }
            Tree::List(list) if list.iter().all(|value| word(value).is_some()) => {
                let words: Vec<&str> = list.iter().filter_map(word).collect();
                self.add(rank, is_top, path, &words.join(SEPARATOR), words.len());
            }
            Tree::List(list) => {
                for (index, value) in list.iter().enumerate() {
                    self.flatten(&joined(path, &format!("[{}]", index + 1)), value);
                }
            }
            Tree::Null => {}
            Tree::Word(text) | Tree::Text(text) => self.add(rank, is_top, path, text, 1),
        }
    }

    /// What fits into `limit` bytes.
    pub fn details(mut self, limit: usize) -> Details {
        self.lines.sort_by_key(Line::place);
        let mut turns: Vec<usize> = (0..self.lines.len()).collect();
        turns.sort_by_key(|index| self.lines[*index].turn());
        let mut shown: Vec<Option<String>> = vec![None; self.lines.len()];
        let (mut room, mut missing) = (limit.saturating_sub(FOR_THE_COUNT), self.beyond);
        let mut cut_in = None;
        for index in turns {
            let line = &self.lines[index];
            // However long a reason is, something of the names must be seen.
            let share = if line.rank <= Rank::Reason { room.saturating_sub(limit / 4) } else { room };
            // Nothing is left out in between: whatever is as important, or less, comes after the one that is cut.
            let full = cut_in.is_some_and(|cut: (Rank, bool)| cut == line.turn() || cut.0 >= Rank::Name);
            if line.size() <= share && !full {
                room -= line.size();
                shown[index] = Some(line.value.clone());
                continue;
            }
            let cut = line.cut(share).filter(|_| !full);
            cut_in = cut_in.filter(|_| full).or(Some(line.turn()));
            match &cut {
                Some(value) => room = room.saturating_sub(line.label.len() + value.len() + AROUND),
                None => missing += 1,
            }
            shown[index] = cut;
        }
        let items = self.lines.into_iter().zip(shown).filter_map(|(line, value)| Some((line.label, value?)));
        let text = if missing == 0 { String::new() } else { not_shown(missing) };
        Details { items: items.collect(), text }
    }
}

/// A path, one step longer.
fn joined(path: &str, step: &str) -> String {
    let mut joined = format!("{path}{step}");
    if joined.len() > MAX_PATH {
        joined.truncate(joined.floor_char_boundary(MAX_PATH));
        joined.push('…');
    }
    joined
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
        readable(&Tree::read(content.as_bytes()).unwrap())
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
        assert!(details.items[1..].iter().all(|(label, _)| label.ends_with("objectName")));
        assert!(details.items.len() > 800, "{}", details.items.len());
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
