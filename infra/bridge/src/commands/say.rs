//! Printing a line. Whoever reads may go away (`bridge show … | head`): that is no reason to end.

/// Prints a line to standard output.
macro_rules! say {
    () => { $crate::commands::say::print(format_args!("")) };
    ($($text:tt)*) => { $crate::commands::say::print(format_args!($($text)*)) };
}

pub(super) fn print(line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}
