//! One command makes the official template, and the same command keeps it right: never a second one.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Purpose, Template, TemplateError, Templates, Way, official, official::Definition};
use crate::{
    approval::ProcessCode,
    dingtalk::{
        Class,
        forms::{Form, FormStatus, FormToSave},
    },
};

/// What generating came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Generated {
    /// The template.
    pub template: Template,
    /// What was done for it.
    pub making: Making,
    /// Whether people can start it; only the OA approval console changes that.
    pub published: bool,
}

/// What was done for a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Making {
    /// There was none: it was made.
    Created,
    /// It was there and out of date.
    Updated,
    /// One of this name was there already.
    Adopted,
    /// It was as it should be.
    Unchanged,
}

/// Only one at a time makes a template; whoever dies at it is waited for no longer than this.
const TURN: SignedDuration = SignedDuration::from_secs(60);
const TURN_NAME: &str = "template";
const ASK_AGAIN: SignedDuration = SignedDuration::from_millis(200);
const PATIENCE: SignedDuration = SignedDuration::from_secs(75);

/// A new template may not be found by its name at once.
const LOOKS: [SignedDuration; 4] = [
    SignedDuration::ZERO,
    SignedDuration::from_secs(1),
    SignedDuration::from_secs(2),
    SignedDuration::from_secs(4),
];

impl Templates {
    /// Makes the official template for a purpose, or brings it up to date. How it runs stays as it is, unless `way` says.
    pub async fn generate(&self, purpose: &Purpose, way: Option<Way>) -> Result<Generated, TemplateError> {
        let turn = self.turn().await?;
        let mut generated = self.generate_alone(purpose).await;
        if let (Ok(Generated { template, .. }), Some(way)) = (&mut generated, way)
            && template.way != way
        {
            template.way = way;
            self.record(template.clone()).await?;
        }
        if let Err(error) = self.store.end_turn(TURN_NAME, turn).await {
            tracing::warn!(%error, "the next one to make a template waits a minute");
        }
        generated
    }

    async fn turn(&self) -> Result<Timestamp, TemplateError> {
        let began = self.world.now();
        loop {
            let now = self.world.now();
            if self.store.claim_turn(TURN_NAME, now - TURN, now).await? {
                return Ok(now);
            }
            if now.duration_since(began) > PATIENCE {
                let why = "someone else has been making a template for over a minute: try again".to_owned();
                return Err(TemplateError::Cannot(why));
            }
            self.world.sleep(ASK_AGAIN).await;
        }
    }

    async fn generate_alone(&self, purpose: &Purpose) -> Result<Generated, TemplateError> {
        let definition = Definition::of(purpose, &self.system_name);
        let known = self.book().await?.of(purpose).cloned();
        if let Some(known) = known {
            if known.generated_from.is_none() {
                return Err(TemplateError::Cannot(format!(
                    "requests of {purpose} use your own template “{}” ({}): run `bridge template forget --for {purpose}` \
                     first to use a generated one instead",
                    known.name, known.process_code
                )));
            }
            match self.dingtalk.form(&known.process_code).await {
                Ok(form) => return self.keep(purpose, &definition, &known, &form).await,
                // Deleted in DingTalk.
                Err(error) if error.is_no_such_form() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let (code, making) = match self.named(&definition.name).await? {
            Some(code) => (code, Making::Adopted),
            None => self.create(&definition).await?,
        };
        let form = self.read_back(&code).await?;
        if official::fills(&form).is_none() {
            if !official::is_ours(&form) {
                return Err(foreign(&definition.name, &code));
            }
            self.save(&definition, Some(&code)).await?;
        }
        self.settle(purpose, &definition, code, making).await
    }

    /// The one that was generated before: as it should be, or to be updated.
    async fn keep(
        &self,
        purpose: &Purpose,
        definition: &Definition,
        known: &Template,
        form: &Form,
    ) -> Result<Generated, TemplateError> {
        let as_defined = known.generated_from.as_ref() == Some(&definition.digest());
        if as_defined && official::fills(form).as_ref() == Some(&known.fills) {
            let published = form.status == FormStatus::Published;
            return Ok(Generated { template: known.clone(), making: Making::Unchanged, published });
        }
        self.save(definition, Some(&known.process_code)).await?;
        self.settle(purpose, definition, known.process_code.clone(), Making::Updated).await
    }

    /// A new template; one whose name is taken after all is the one to use.
    async fn create(&self, definition: &Definition) -> Result<(ProcessCode, Making), TemplateError> {
        match self.save(definition, None).await {
            Ok(code) => return Ok((code, Making::Created)),
            Err(TemplateError::DingTalk { error }) if error.is_name_taken() => {}
            // Without an answer it may have been made all the same: its name tells.
            Err(TemplateError::DingTalk { error }) if error.class == Class::UnknownOutcome => {}
            Err(error) => return Err(error),
        }
        for wait in LOOKS {
            self.world.sleep(wait).await;
            if let Some(code) = self.named(&definition.name).await? {
                return Ok((code, Making::Adopted));
            }
        }
        // Not there, so nothing was made; if it was, its name is taken, and nothing is made twice.
        match self.save(definition, None).await {
            Ok(code) => Ok((code, Making::Created)),
            Err(TemplateError::DingTalk { error }) if error.is_name_taken() => {
                Err(TemplateError::Cannot(format!(
                    "there is a template “{}” already that the app cannot see: rename it in the OA approval console, or set \
                 BRIDGE_SYSTEM_NAME to another name",
                    definition.name
                )))
            }
            // The same answer again: now it counts.
            Err(TemplateError::DingTalk { error }) => Err(error.after_another_try().into()),
            Err(error) => Err(error),
        }
    }

    async fn save(
        &self,
        definition: &Definition,
        process_code: Option<&ProcessCode>,
    ) -> Result<ProcessCode, TemplateError> {
        let Definition { name, description, components } = definition;
        let saved =
            self.dingtalk.save_form(&FormToSave { process_code, name, description, components }).await;
        saved.map_err(|error| match process_code {
            Some(code) if error.is_name_taken() => TemplateError::Cannot(format!(
                "template {code} cannot be named “{name}”: another one has that name; rename that one in the OA approval \
                 console, or set BRIDGE_SYSTEM_NAME to another name"
            )),
            Some(code) if error.code == "formschema.error" => TemplateError::Cannot(format!(
                "the form of template {code} cannot be brought up to date ({}): a field that conditions of its flow use \
                 cannot be changed; take it out of the conditions in the OA approval console, or delete the template \
                 there and generate it again",
                error.message
            )),
            _ => error.into(),
        })
    }

    async fn named(&self, name: &str) -> Result<Option<ProcessCode>, TemplateError> {
        Ok(self.dingtalk.form_named(name).await?)
    }

    /// Reads a template that may have been made a moment ago.
    async fn read_back(&self, code: &ProcessCode) -> Result<Form, TemplateError> {
        let mut last = None;
        for wait in LOOKS {
            self.world.sleep(wait).await;
            match self.dingtalk.form(code).await {
                Ok(form) => return Ok(form),
                Err(error) if error.is_no_such_form() => last = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        Err(last.map_or_else(|| TemplateError::Cannot(format!("{code} cannot be read back")), Into::into))
    }

    /// Records the template with its fields as DingTalk shows them.
    async fn settle(
        &self,
        purpose: &Purpose,
        definition: &Definition,
        process_code: ProcessCode,
        making: Making,
    ) -> Result<Generated, TemplateError> {
        let form = self.read_back(&process_code).await?;
        let fills = official::fills(&form).ok_or_else(|| {
            TemplateError::Cannot(format!(
                "DingTalk shows the form of {process_code} otherwise than it was written: look at it in the OA approval \
                 console, or delete it there and generate it again"
            ))
        })?;
        // How it runs stays as an administrator has set it.
        let way = self.book().await?.of(purpose).map_or(Way::Source, |known| known.way);
        let template = Template {
            purpose: purpose.clone(),
            name: definition.name.clone(),
            process_code,
            way,
            fills,
            generated_from: Some(definition.digest()),
            changed_at: self.world.now(),
        };
        self.record(template.clone()).await?;
        Ok(Generated { template, making, published: form.status == FormStatus::Published })
    }
}

/// Somebody's own form is never overwritten.
fn foreign(name: &str, code: &ProcessCode) -> TemplateError {
    TemplateError::Cannot(format!(
        "DingTalk has a template “{name}” ({code}) already, with another form: use it as it is (`bridge template adopt {code}`), \
         rename it in the OA approval console, or set BRIDGE_SYSTEM_NAME to another name"
    ))
}
