//! The README's tables are printed from the tables in the code. `UPDATE_README=1 cargo test -p shared --test readme`
//! writes them.

#![allow(clippy::expect_used)]

use std::{fmt::Write, path::PathBuf};

use jiff::SignedDuration;
use shared::{
    approval::schedule,
    config::{Fallback, VARIABLES},
    diagnosis::Check,
    template::official,
};

#[test]
fn the_readme_lists_every_variable() {
    let mut table = "| variable | what it holds | default |\n|---|---|---|\n".to_owned();
    for variable in VARIABLES.iter().copied().flatten() {
        let fallback = match variable.fallback {
            Fallback::Required => "**required**".to_owned(),
            Fallback::None => "–".to_owned(),
            Fallback::Is(text) => format!("`{text}`"),
        };
        let about = variable.about.replace('|', "\\|").replace('<', "&lt;");
        writeln!(table, "| `{}` | {about} | {fallback} |", variable.name).expect("a line");
    }
    section("variables", &table);
}

#[test]
fn the_readme_lists_the_schedules() {
    let rows: [(&str, &[SignedDuration]); 8] = [
        ("create call that DingTalk did not carry out", &schedule::CREATE),
        ("look for an instance whose create call got no answer", &schedule::LOOKS),
        ("read after an event, while the instance is still running", &schedule::READ_AFTER_HINT),
        ("read after an event, when it failed or there is no result yet", &schedule::READ_AFTER_FAILURE),
        ("read without an event", &schedule::READ_UNASKED),
        ("terminate a withdrawn instance, which DingTalk refuses", &schedule::WITHDRAW),
        ("terminate a withdrawn instance, when DingTalk fails", &schedule::TERMINATE_LATER),
        ("tell Dataphin an outcome", &schedule::DELIVER),
    ];
    let mut table = "| what | waits |\n|---|---|\n".to_owned();
    for (what, waits) in rows {
        let waits: Vec<String> = waits.iter().map(|wait| words(*wait)).collect();
        writeln!(table, "| {what} | {} |", waits.join(", ")).expect("a line");
    }
    section("schedules", &table);
}

#[test]
fn the_readme_lists_the_forms_fields() {
    let mut table = "| label | component | what goes into it |\n|---|---|---|\n".to_owned();
    for field in official::FIELDS {
        let component = match field.component {
            "TextField" => "single-line text",
            "TextareaField" => "multi-line text",
            _ => "table of two texts",
        };
        writeln!(table, "| `{}` | {component} | {} |", field.label, field.content.name()).expect("a line");
    }
    section("form fields", &table);
}

#[test]
fn the_readme_lists_every_check() {
    let mut table = "| id | check | what it proves |\n|---|---|---|\n".to_owned();
    for check in Check::ALL {
        let facts = check.facts();
        let quick = if facts.quick { " ⚡" } else { "" };
        writeln!(table, "| `{}`{quick} | {} {} | {} |", facts.id, facts.en, facts.zh, facts.proves)
            .expect("a line");
    }
    let paid = |quick: bool| -> u32 {
        let counted = Check::ALL.into_iter().map(Check::facts).filter(|facts| !quick || facts.quick);
        counted.map(|facts| u32::from(facts.paid)).sum()
    };
    let (full, quick) = (paid(false), paid(true));
    writeln!(table, "\n⚡: also in Dataphin's *Test Connection* and `bridge doctor --quick`. A full diagnosis makes up to {full} \
                     paid calls, a quick one up to {quick}.").expect("a line");
    section("checks", &table);
}

/// Compares what stands between `<!-- name -->` and `<!-- end of name -->`, or writes it.
fn section(name: &str, table: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let readme = std::fs::read_to_string(&path).expect("a README");
    let (before, rest) = readme.split_once(&begin).expect("the section's begin");
    let (found, after) = rest.split_once(&end).expect("the section's end");
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(path, format!("{before}{begin}{table}{end}{after}"))
            .expect("the README can be written");
    } else {
        assert_eq!(found, table, "the README's {name} are not those of the code");
    }
}

fn words(wait: SignedDuration) -> String {
    match wait.as_secs() {
        seconds if seconds % 3600 == 0 => format!("{} h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
