//! An administrator's own template is taken up: its fields are mapped by their labels and as the administrator says.

use super::{Content, Purpose, Template, TemplateError, Templates, Way, mapping::mapping};
use crate::approval::ProcessCode;

/// Which of DingTalk's templates is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// By its code (`PROC-…`).
    Code(ProcessCode),
    /// By its name.
    Name(String),
}

impl Which {
    /// A text that begins with `PROC-` is a code, anything else a name.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        if text.starts_with("PROC-") {
            Self::Code(ProcessCode::new(text))
        } else {
            Self::Name(text.to_owned())
        }
    }
}

impl Templates {
    /// Uses a template of the administrator's own for a purpose. `settings`: what goes into a field, by its label, where
    /// the proposal would be wrong.
    pub async fn adopt(
        &self,
        purpose: &Purpose,
        which: &Which,
        way: Way,
        settings: &[(String, Content)],
    ) -> Result<Template, TemplateError> {
        let process_code = match which {
            Which::Code(code) => code.clone(),
            Which::Name(name) => self.dingtalk.form_named(name).await?.ok_or_else(|| no_such(name))?,
        };
        let form = self.dingtalk.form(&process_code).await.map_err(|error| {
            if error.is_no_such_form() { no_such(process_code.as_str()) } else { error.into() }
        })?;
        let template = Template {
            purpose: purpose.clone(),
            fills: mapping(&form, settings)?,
            name: form.name,
            process_code,
            way,
            generated_from: None,
            changed_at: self.world.now(),
        };
        self.record(template.clone()).await?;
        Ok(template)
    }
}

fn no_such(which: &str) -> TemplateError {
    TemplateError::Cannot(format!(
        "there is no template {which} in DingTalk that the app can see: its code (PROC-…) stands in the address of its page \
         in the OA approval console, its name in the list there"
    ))
}
