//! Looks at a template as it is now in DingTalk: its form, and its flow as it would run for a person.

use super::{
    Purpose, Report, Template, TemplateError, Templates,
    fill::values,
    fix::fix,
    report::{Problem, judge_flow, judge_form},
};
use crate::{
    approval::{
        Account, ApplyId, ApprovalKey, Details, Person, ProcessCode, Record, Request, Source, Tenant, UserId,
    },
    diagnosis::Words,
    dingtalk::{Class, Contact, DingTalk, DingTalkError, forecast::ForecastQuery, instances::FormValue},
    world::World,
};

impl Templates {
    /// Checks the template for a purpose: two paid calls.
    pub async fn check(&self, purpose: &Purpose, user: Option<&UserId>) -> Result<Report, TemplateError> {
        let template = self.template(purpose).await?;
        let person = self.person(user).await?;
        Ok(look_at(template, &self.dingtalk, Some(&person), &self.world).await?)
    }
}

/// Looks at a template, and at its flow as it would run for a person, if one is given.
pub async fn look_at(
    mut template: Template,
    dingtalk: &DingTalk,
    person: Option<&Contact>,
    world: &World,
) -> Result<Report, DingTalkError> {
    let forecast = async {
        let person = person?;
        let values = sample(&template, person, "检查 Check", world);
        let query = ForecastQuery {
            process_code: &template.process_code,
            originator: &person.user_id,
            dept_id: person.dept_id,
            values: &values,
        };
        Some(dingtalk.forecast(&query).await)
    };
    let configured = dingtalk.settings().process_code.as_ref();
    let (form, forecast) = tokio::join!(dingtalk.form(&template.process_code), forecast);
    let form = match form {
        Ok(form) => form,
        Err(error) if error.is_no_such_form() => {
            let problems = fixed(vec![missing(&template.process_code)], &template, configured);
            return Ok(Report { template, problems, remarks: Vec::new(), nodes: Vec::new() });
        }
        Err(error) => return Err(error),
    };
    // As it is called today.
    template.name.clone_from(&form.name);
    let mut problems = judge_form(&template, &form);
    // A stopped template has no forecast either; that is one cause, not two.
    let stopped = problems.iter().any(|problem| problem.code == "not-published");
    let (of_flow, remarks, nodes) = match &forecast {
        // About the call, not about the template.
        Some(Err(error)) if error.class != Class::Permanent => return Err(error.clone()),
        Some(Err(_)) if stopped => Default::default(),
        Some(forecast) => judge_flow(&template, forecast, person.and_then(|person| person.manager.as_ref())),
        None => Default::default(),
    };
    problems.extend(of_flow);
    let problems = fixed(problems, &template, configured);
    Ok(Report { template, problems, remarks, nodes })
}

/// The problems, each with the fix that fixes this template.
fn fixed(mut problems: Vec<Problem>, template: &Template, configured: Option<&ProcessCode>) -> Vec<Problem> {
    for problem in &mut problems {
        let Words { en, zh } = fix(problem, template, configured);
        (problem.mend_en, problem.mend_zh) = (en, zh);
    }
    problems
}

/// What the form of a check or a try holds: nothing of anybody's request.
pub(super) fn sample(template: &Template, person: &Contact, title: &str, world: &World) -> Vec<FormValue> {
    let now = world.now();
    let key = ApprovalKey {
        source: Source::Dataphin,
        tenant: Tenant::new(""),
        apply_id: ApplyId::new(format!("try-{}", world.random.letters_and_digits(8))),
    };
    let requester = Person {
        user_id: String::new(),
        account: Account::new(person.user_id.as_str()),
        name: person.name.clone(),
    };
    let request = Request {
        title: title.to_owned(),
        kind: "DEFAULT".to_owned(),
        template: None,
        requester: Some(requester),
        nodes: Vec::new(),
    };
    let details = Details {
        items: vec![("样例 Sample".to_owned(), "Approval Bridge".to_owned())],
        text: "由审批桥发起的测试，无需处理。A test of Approval Bridge; nothing to decide.".to_owned(),
    };
    values(&template.fills, &Record::of(key, request, String::new(), now), &details, &person.user_id)
}

fn missing(code: &ProcessCode) -> Problem {
    Problem {
        code: "no-such-template",
        what: format!("there is no template {code} in DingTalk, or it belongs to another organisation"),
        what_zh: format!("钉钉中没有模板 {code}，或它属于其他组织"),
        mend_en: "run `bridge template generate`; or set DINGTALK_PROCESS_CODE to the code in the address of the template's \
                  page in the OA approval console"
            .to_owned(),
        mend_zh: "运行 `bridge template generate`；或将 DINGTALK_PROCESS_CODE 设为 OA审批管理后台 中该模板页面地址里的 processCode"
            .to_owned(),
    }
}
