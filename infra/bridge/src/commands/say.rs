//! Printing a line. Whoever reads may go away (`bridge show … | head`): that is no reason to end. What is printed may quote
//! what somebody wrote: nothing in it reaches a terminal that would obey it.

use std::{fmt::Arguments, io::Write};

use shared::visible::{visible_json, visible_lines};

/// Prints a line, or several, to standard output.
macro_rules! say {
    () => { $crate::commands::say::print(format_args!("")) };
    ($($text:tt)*) => { $crate::commands::say::print(format_args!($($text)*)) };
}

pub(super) fn print(line: Arguments<'_>) {
    write(&visible_lines(&line.to_string()));
}

/// Prints JSON, for machines.
pub(super) fn print_json(value: &impl serde::Serialize) -> serde_json::Result<()> {
    write(&visible_json(&serde_json::to_string_pretty(value)?));
    Ok(())
}

/// Prints lines that begin with a mark of ours in a colour of the terminal's.
pub(super) fn print_coloured(mark: char, colour: u8, rest: &str) {
    write(&format!("\u{1b}[{colour}m{mark}\u{1b}[0m{}", visible_lines(rest)));
}

fn write(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
