//! What is asked for as the rows of a table: what it is called, and what it is.

use serde_json::json;

use crate::{
    approval::Details,
    legible::{written, written_within},
};

/// Rows that a table takes ("Form component message").
const MAX_ROWS: usize = 100;
/// A table's value takes no more written bytes: DingTalk takes 65,535 characters.
const MAX_VALUE: usize = 65_000;
/// Where a text shows the rest, long values are better read there.
const MAX_BESIDE_DETAILS: usize = 28_000;
/// What a line of several in one row takes beside its texts.
const AROUND_LINE: usize = 4;

/// A table's value.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub value: String,
    /// How many of the items are in it.
    pub items: usize,
}

impl Table {
    /// The first items; a text of the form shows the rest.
    pub fn beside_details(columns: &[String], details: &Details) -> Self {
        let mut rows = Rows::of(columns);
        for (name, text) in &details.items {
            if rows.columns.is_none()
                || rows.written.len() == MAX_ROWS
                || rows.with(name, text) > MAX_BESIDE_DETAILS
            {
                break;
            }
            rows.push(name, text);
        }
        Self { items: rows.written.len(), value: rows.value() }
    }

    /// All there is, with what people must see `besides`: in a row each, as far as the last row can hold all others.
    pub fn alone(columns: &[String], details: &Details, besides: &[(String, String)]) -> Self {
        let lines: Vec<&(String, String)> = details.items.iter().chain(besides).collect();
        let size = |line: &(String, String)| written(&line.0) + written(&line.1) + AROUND_LINE;
        let mut rest: usize = lines.iter().map(|line| size(line)).sum::<usize>() + written(&details.text);
        let (mut rows, mut shown) = (Rows::of(columns), 0);
        for line in &lines {
            let others = rest - size(line);
            let last = if others == 0 { 0 } else { rows.row(MORE, "") + others };
            if rows.written.len() + 1 >= MAX_ROWS || rows.with(&line.0, &line.1) + last > MAX_VALUE {
                break;
            }
            rows.push(&line.0, &line.1);
            (rest, shown) = (others, shown + 1);
        }
        let items = lines[shown..].iter().map(|line| (*line).clone()).collect();
        let others = Details { items, text: details.text.clone() }.to_string();
        if !others.is_empty() {
            let room = MAX_VALUE.saturating_sub(rows.with(MORE, ""));
            rows.push(MORE, &written_within(&others, room));
        }
        Self { items: details.items.len(), value: rows.value() }
    }
}

/// The name of the row that holds several lines.
const MORE: &str = "…";

/// Rows as they are written: `[[{"name":column,"value":…},…],…]`; reading gives another shape.
struct Rows<'a> {
    columns: Option<[&'a str; 2]>,
    written: Vec<String>,
    size: usize,
}

impl<'a> Rows<'a> {
    fn of(columns: &'a [String]) -> Self {
        let columns = match columns {
            [item, value] => Some([item.as_str(), value.as_str()]),
            _ => None,
        };
        Self { columns, written: Vec::new(), size: "[]".len() }
    }

    fn write(&self, name: &str, text: &str) -> String {
        let Some([item, value]) = self.columns else { return String::new() };
        json!([{"name": item, "value": name}, {"name": value, "value": text}]).to_string()
    }

    /// What a row takes.
    fn row(&self, name: &str, text: &str) -> usize {
        self.write(name, text).len() + ",".len()
    }

    /// What all take with one more.
    fn with(&self, name: &str, text: &str) -> usize {
        self.size + self.row(name, text)
    }

    fn push(&mut self, name: &str, text: &str) {
        let row = self.write(name, text);
        self.size += row.len() + ",".len();
        self.written.push(row);
    }

    fn value(&self) -> String {
        if self.written.is_empty() || self.columns.is_none() {
            return String::new();
        }
        format!("[{}]", self.written.join(","))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn columns() -> Vec<String> {
        vec!["i".to_owned(), "v".to_owned()]
    }

    fn details(items: impl IntoIterator<Item = (String, String)>, text: &str) -> Details {
        Details { items: items.into_iter().collect(), text: text.to_owned() }
    }

    fn rows(table: &Table) -> Vec<(String, String)> {
        let rows: Vec<Vec<Value>> = serde_json::from_str(&table.value).unwrap();
        let cell = |value: &Value| value["value"].as_str().unwrap().to_owned();
        rows.iter().map(|row| (cell(&row[0]), cell(&row[1]))).collect()
    }

    #[test]
    fn what_does_not_fit_beside_a_text_is_left_to_it() {
        let many = details((0..150).map(|n| (format!("item {n}"), "value".to_owned())), "");
        assert_eq!(Table::beside_details(&columns(), &many).items, MAX_ROWS);
        let long = ["x", "y"].map(|text| (text.to_owned(), text.repeat(20_000)));
        assert_eq!(Table::beside_details(&columns(), &details(long, "")).items, 1);
    }

    #[test]
    fn a_table_alone_shows_all_there_is() {
        let besides = [("dataphin".to_owned(), "7".to_owned())];
        let few = details([("a".to_owned(), "1\n2".to_owned())], "");
        let table = Table::alone(&columns(), &few, &besides);
        assert_eq!(rows(&table), [("a".to_owned(), "1\n2".to_owned()), besides[0].clone()]);
        let many = details((0..2_000).map(|n| (format!("item {n}"), "\"v\"".to_owned())), "3 more not shown");
        let table = Table::alone(&columns(), &many, &besides);
        let rows = rows(&table);
        assert!(
            table.value.len() <= MAX_VALUE && rows.len() <= MAX_ROWS,
            "{} {}",
            table.value.len(),
            rows.len()
        );
        let last = &rows[rows.len() - 1];
        assert_eq!(last.0, MORE);
        assert!(last.1.ends_with("item 1999: \"v\"\ndataphin: 7\n3 more not shown"), "{}", last.1);
        let all: usize = last.1.lines().count() + rows.len() - 1;
        assert_eq!(all, 2_002);
    }

    #[test]
    fn a_value_stays_within_what_dingtalk_takes_whatever_is_in_it() {
        for text in ["\"", "\n", "标", "x"] {
            let old = details([("a".to_owned(), text.repeat(60_000 / text.len()))], "");
            for table in [Table::alone(&columns(), &old, &[]), Table::beside_details(&columns(), &old)] {
                assert!(table.value.len() <= MAX_VALUE, "{}", table.value.len());
            }
        }
    }
}
