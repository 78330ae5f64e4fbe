//! What an administrator does with templates: the same for the command line and for the operator's calls.

use jiff::SignedDuration;

use super::{Purpose, Template, TemplateBook, book::MOST_TEMPLATES, mapping::Unmapped};
use crate::{
    approval::{ProcessCode, UserId},
    dingtalk::{AccountKind, Contact, DingTalk, DingTalkError, words},
    store::{CommitError, Store, StoreError},
    world::World,
};

/// The templates, over the store and DingTalk.
#[derive(Clone)]
pub struct Templates {
    pub(super) store: Store,
    pub(super) dingtalk: DingTalk,
    pub(super) world: World,
    /// Generated templates bear it.
    pub(super) system_name: String,
}

/// What an administrator wanted could not be done.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// DingTalk refused.
    #[error("{}", words::refusal(error))]
    DingTalk {
        /// Its answer.
        error: DingTalkError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mapping cannot be made.
    #[error(transparent)]
    Unmapped(#[from] Unmapped),
    /// Anything else, with what to do.
    #[error("{0}")]
    Cannot(String),
}

impl From<DingTalkError> for TemplateError {
    fn from(error: DingTalkError) -> Self {
        Self::DingTalk { error }
    }
}

/// How often a commit is tried against others.
const MOST_TRIES: u32 = 20;
const TRY_AGAIN: SignedDuration = SignedDuration::from_millis(50);

impl Templates {
    /// The templates of a bridge.
    pub fn new(store: Store, dingtalk: &DingTalk, world: World, system_name: &str) -> Self {
        let dingtalk = dingtalk.patient();
        Self { store, dingtalk, world, system_name: system_name.to_owned() }
    }

    /// The templates that the bridge uses.
    pub async fn book(&self) -> Result<TemplateBook, StoreError> {
        self.store.templates().await
    }

    /// The template for a purpose; for the default, the operator's own choice in the settings comes first.
    pub async fn template(&self, purpose: &Purpose) -> Result<Template, TemplateError> {
        let book = self.book().await?;
        let configured = self.configured().filter(|_| *purpose == Purpose::Default);
        let template = match configured {
            Some(code) => Some(book.known_or_by_hand(code)),
            None => book.of(purpose).cloned(),
        };
        template.ok_or_else(|| {
            TemplateError::Cannot(format!(
                "there is no template for {purpose} yet: make one with `bridge template generate --for {purpose}`, or \
                 adopt one with `bridge template adopt`"
            ))
        })
    }

    /// Uses no template of its own for a purpose any more; the template itself stays in DingTalk.
    pub async fn forget(&self, purpose: &Purpose) -> Result<(), TemplateError> {
        self.change(|book| book.templates.retain(|template| template.purpose != *purpose)).await
    }

    /// The operator's own choice for requests that name no template (`DINGTALK_PROCESS_CODE`).
    pub fn configured(&self) -> Option<&ProcessCode> {
        self.dingtalk.settings().process_code.as_ref()
    }

    /// In whose name checks and tries are made.
    pub(super) async fn person(&self, user: Option<&UserId>) -> Result<Contact, TemplateError> {
        let user = user.or(self.dingtalk.settings().test_user.as_ref()).ok_or_else(|| {
            TemplateError::Cannot(
                "say in whose name: set DINGTALK_TEST_USER_ID to your own userid in DingTalk".to_owned(),
            )
        })?;
        let contact = self.dingtalk.contact(AccountKind::UserId, user.as_str()).await;
        if contact.as_ref().is_ok_and(|contact| !contact.active || !contact.has_department) {
            return Err(TemplateError::Cannot(format!(
                "{user} is not active in DingTalk or belongs to no department there, and cannot start an approval: DingTalk \
                 admin console > Contacts 通讯录, or another DINGTALK_TEST_USER_ID"
            )));
        }
        contact.map_err(|error| {
            if !error.is_nobody() {
                return error.into();
            }
            TemplateError::Cannot(format!(
                "{user} is not a user in DingTalk ({}): check DINGTALK_TEST_USER_ID, and that the app's visible range \
                 includes them",
                error.code
            ))
        })
    }

    pub(super) async fn record(&self, template: Template) -> Result<(), TemplateError> {
        let full = |book: &TemplateBook| {
            book.templates.len() >= MOST_TEMPLATES && book.of(&template.purpose).is_none()
        };
        if full(&self.book().await?) {
            return Err(TemplateError::Cannot(format!("the bridge uses {MOST_TEMPLATES} templates at most")));
        }
        self.change(|book| book.put(template.clone())).await
    }

    async fn change(&self, change: impl Fn(&mut TemplateBook)) -> Result<(), TemplateError> {
        for _ in 0..MOST_TRIES {
            let mut book = self.book().await?;
            change(&mut book);
            match self.store.commit_templates(book).await {
                Ok(_) => return Ok(()),
                Err(CommitError::Conflict) => self.world.sleep(TRY_AGAIN).await,
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(TemplateError::Cannot(
            "others kept changing the templates at the same time: try again".to_owned(),
        ))
    }
}
