//! What the simulators' pages have in common: the frame, the style, and how a form is read.

use std::fmt::Write;

use axum::response::Html;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What a form brings, in its order; a name may come more than once.
pub(crate) type Fields = Vec<(String, String)>;

/// Whether a page loads itself anew. One with a form must not: it would wipe what is being typed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refresh {
    EveryFewSeconds,
    Never,
}

/// A simulator's name, its pages, and what its style adds to the common one.
pub(crate) struct Site {
    pub name: &'static str,
    pub links: &'static [(&'static str, &'static str)],
    pub style: &'static str,
}

impl Site {
    /// A whole page.
    pub fn page(&self, title: &str, refresh: Refresh, content: &Markup) -> Html<String> {
        let markup = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    @if refresh == Refresh::EveryFewSeconds { meta http-equiv="refresh" content="4"; }
                    title { (title) " · " (self.name) " simulator" }
                    link rel="icon" href="data:,";
                    style { (PreEscaped(STYLE)) (PreEscaped(self.style)) }
                }
                body {
                    header {
                        strong { (self.name) } span { "simulator" }
                        nav { @for (address, text) in self.links { a href=(address) { (text) } } }
                    }
                    main { h1 { (title) } (content) }
                }
            }
        };
        Html(markup.into_string())
    }
}

/// The address of something whose id may hold any characters.
pub(crate) fn address(folder: &str, id: &str) -> String {
    let mut address = format!("/{folder}/");
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            address.push(char::from(byte));
        } else {
            let _ = write!(address, "%{byte:02X}");
        }
    }
    address
}

/// The first field of this name, trimmed; empty when there is none.
pub(crate) fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
}

const STYLE: &str = "
*{box-sizing:border-box}
body{margin:0;font:15px/1.5 system-ui,sans-serif;color:#1b2029;background:#f3f5f8}
header{display:flex;gap:.5rem;align-items:baseline;padding:.8rem 1.5rem;color:#fff}
header span{opacity:.7}
nav{margin-left:1.5rem;display:flex;flex-wrap:wrap;gap:1.2rem}
nav a{color:#fff;text-decoration:none}
main{max-width:80rem;margin:0 auto;padding:1rem 1.5rem 3rem}
h1{font-size:1.4rem;margin:.6rem 0 1rem}
h2{font-size:1.05rem;margin:1.6rem 0 .5rem}
table{width:100%;border-collapse:collapse;background:#fff;border:1px solid #dde3ec}
th,td{text-align:left;vertical-align:top;padding:.45rem .7rem;border-bottom:1px solid #e8ecf2;overflow-wrap:anywhere}
th{font-weight:600;background:#f8fafc}
td.word{white-space:nowrap;overflow-wrap:normal}
.wide{overflow-x:auto}
.card{background:#fff;border:1px solid #dde3ec;border-radius:7px;padding:.9rem 1.2rem;margin:0 0 1rem}
label{display:block;margin:.6rem 0 .2rem;font-weight:600}
input[type=text],select,textarea{width:100%;max-width:40rem;padding:.4rem .5rem;border:1px solid #b9c3d2;border-radius:4px;font:inherit;background:#fff}
button{padding:.45rem 1.1rem;border:0;border-radius:4px;color:#fff;font:inherit;cursor:pointer}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
.muted{color:#7f8c9f}
.state{display:inline-block;white-space:nowrap;padding:0 .55rem;border-radius:9px;font-size:.8rem;font-weight:600;background:#e4e9f1}
@media(max-width:40rem){main{padding:1rem .8rem 3rem}header{flex-wrap:wrap;padding:.8rem}nav{margin-left:0;gap:.3rem 1.2rem}}
";

#[cfg(test)]
mod tests {
    #[test]
    fn an_id_of_any_characters_has_an_address() {
        assert_eq!(super::address("people", "a/b@c"), "/people/a%2Fb%40c");
    }
}
