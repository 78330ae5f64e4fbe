//! Which template a request gets, from a copy of the templates that is seconds old at most.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;

use super::{Engine, EngineError};
use crate::{
    approval::{ProcessCode, Request},
    store::StoreError,
    template::{Template, TemplateBook, Unpicked},
};

/// What an administrator changes holds everywhere so much later.
const KEEP: SignedDuration = SignedDuration::from_secs(5);

/// The copy, and the uptime at which it was made.
pub(super) type BookCopy = Arc<Mutex<Option<(SignedDuration, Arc<TemplateBook>)>>>;

impl Engine {
    /// The template of a request. One that is not known is looked for in the store before that is said.
    pub(super) async fn pick(&self, request: &Request) -> Result<Result<Template, Unpicked>, EngineError> {
        let picked = self.book().await?.pick(request, self.configured());
        if picked.is_ok() {
            return Ok(picked);
        }
        Ok(self.fresh_book().await?.pick(request, self.configured()))
    }

    /// The template with a code, if the bridge uses it.
    pub(super) async fn template(&self, code: &ProcessCode) -> Result<Option<Template>, StoreError> {
        let known = self.book().await?.coded(code).cloned();
        match known {
            Some(template) => Ok(Some(template)),
            None if self.configured() == Some(code) => Ok(Some(Template::by_hand(code.clone()))),
            None => Ok(self.fresh_book().await?.coded(code).cloned()),
        }
    }

    /// The codes of all templates that the bridge uses.
    pub(super) async fn process_codes(&self) -> Result<Vec<ProcessCode>, StoreError> {
        let templates = self.book().await?.in_use(self.configured());
        let mut codes: Vec<_> = templates.into_iter().map(|template| template.process_code).collect();
        codes.sort();
        codes.dedup();
        Ok(codes)
    }

    /// Whether an instance of a template can be one of ours; older events do not say of which they are.
    pub(super) async fn is_ours(&self, code: Option<&ProcessCode>) -> Result<bool, StoreError> {
        match code {
            Some(code) => Ok(self.book().await?.knows(code, self.configured())),
            None => Ok(true),
        }
    }

    fn configured(&self) -> Option<&ProcessCode> {
        self.dingtalk().settings().process_code.as_ref()
    }

    async fn book(&self) -> Result<Arc<TemplateBook>, StoreError> {
        let copy = self.0.book.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match copy.filter(|(made_at, _)| self.0.world.uptime() - *made_at < KEEP) {
            Some((_, book)) => Ok(book),
            None => self.fresh_book().await,
        }
    }

    async fn fresh_book(&self) -> Result<Arc<TemplateBook>, StoreError> {
        let book = Arc::new(self.store().templates().await?);
        *self.0.book.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((self.0.world.uptime(), book.clone()));
        Ok(book)
    }
}
