//! The operator's page: markup, style and a few scripts, as they are in `page/`. They hold nothing of anybody's; what the
//! page shows it asks for with the operator's token.

use axum::{
    Router,
    extract::Path,
    http::{HeaderName, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use shared::http::Problem;

/// Nothing from elsewhere, in no frame, and the address with what it may hold goes nowhere.
const HEADERS: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-cache"),
];

/// What the page loads, from `operator/page/` beside it.
const FILES: [(&str, &str); 9] = [
    ("page.css", include_str!("page/page.css")),
    ("page.js", include_str!("page/page.js")),
    ("bridge.js", include_str!("page/bridge.js")),
    ("show.js", include_str!("page/show.js")),
    ("diagnosis.js", include_str!("page/diagnosis.js")),
    ("templates.js", include_str!("page/templates.js")),
    ("card.js", include_str!("page/card.js")),
    ("report.js", include_str!("page/report.js")),
    ("trial.js", include_str!("page/trial.js")),
];

pub(super) fn routes() -> Router {
    Router::new()
        .route("/operator", get(async || answer("page.html", include_str!("page/page.html"))))
        // What the page loads lies beside it.
        .route("/operator/", get(async || Redirect::permanent("../operator")))
        .route("/operator/page/{file}", get(async |Path(name): Path<String>| file(&name)))
}

fn file(name: &str) -> Response {
    let file = FILES.iter().find(|(known, _)| *known == name);
    file.map_or_else(|| Problem::not_found().into_response(), |(name, text)| answer(name, text))
}

fn answer(name: &str, text: &'static str) -> Response {
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    };
    ([(header::CONTENT_TYPE, kind)], HEADERS, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_asks_for_what_is_served_and_for_nothing_from_elsewhere() {
        let served: Vec<String> = FILES.iter().map(|(name, _)| format!("operator/page/{name}")).collect();
        let page = include_str!("page/page.html");
        for asked in attributes(page, "src").chain(attributes(page, "href")) {
            let own = asked.starts_with('#') || asked.starts_with("data:");
            assert!(own || served.iter().any(|file| file == asked), "{asked}");
        }
        for (name, text) in FILES {
            for imported in text.split("from \"./").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert!(FILES.iter().any(|(file, _)| *file == imported), "{name} imports {imported}");
            }
        }
    }

    /// The policy would refuse them silently, and text read as markup is how others' text becomes script.
    #[test]
    fn nothing_is_inline_and_no_text_is_read_as_markup() {
        let page = include_str!("page/page.html");
        for inline in ["<style", " style=", " onclick=", " onload=", "javascript:"] {
            assert!(!page.contains(inline), "{inline}");
        }
        assert!(page.split("<script").skip(1).all(|script| script.contains("src=")), "an inline script");
        for (name, text) in FILES {
            let ways =
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"];
            for way in ways {
                assert!(!text.contains(way), "{name}: {way}");
            }
        }
    }

    fn attributes<'a>(page: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
        let start = format!(" {name}=\"");
        let values: Vec<&str> =
            page.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect();
        values.into_iter()
    }
}
