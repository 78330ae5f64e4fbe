//! The fix of each fault of a template, which depends on where the bridge has the template from: a command for the default changes
//! nothing about the template of a type, `generate` refuses to touch an administrator's own, and DINGTALK_PROCESS_CODE beats both.

use super::{Purpose, Template, report::Problem};
use crate::{approval::ProcessCode, diagnosis::Words};

/// Where the bridge has a template from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The operator named it in DINGTALK_PROCESS_CODE.
    Configured,
    /// `bridge template generate` made it.
    Generated,
    /// `bridge template adopt` took it up.
    Adopted,
}

/// How a fault is fixed.
pub(super) fn fix(problem: &Problem, template: &Template, configured: Option<&ProcessCode>) -> Words {
    let source = if configured == Some(&template.process_code) && template.purpose == Purpose::Default {
        Source::Configured
    } else if template.generated_from.is_some() {
        Source::Generated
    } else {
        Source::Adopted
    };
    let generate = command("generate", template);
    match (problem.code, source) {
        ("no-such-template", Source::Configured) => {
            let unset = Words::new(
                format!("run `{generate}` and unset DINGTALK_PROCESS_CODE, which goes before it"),
                format!("运行 `{generate}`，并取消设置 DINGTALK_PROCESS_CODE（其优先级更高）"),
            );
            unset.or(&Words::variable("DINGTALK_PROCESS_CODE"))
        }
        (
            "no-such-template"
            | "field-missing"
            | "field-unfit"
            | "required-unfilled"
            | "component-unwritable",
            Source::Generated,
        ) => run(&generate),
        ("no-such-template", Source::Adopted) => {
            let forget = format!("bridge template forget --for {}", template.purpose);
            let adopt = format!("bridge template adopt <PROC-…> --for {}", template.purpose);
            run(&adopt).or(&Words::new(
                format!("`{forget}`, then `{generate}`"),
                format!("运行 `{forget}`，然后 `{generate}`"),
            ))
        }
        ("field-missing", Source::Configured | Source::Adopted) => {
            let adopt = format!("bridge template adopt {} --for {}", template.process_code, template.purpose);
            in_console(
                &template.name,
                "Edit > Form: add the field again, or run",
                "编辑 > 表单设计：恢复该控件，或运行",
                &adopt,
            )
        }
        ("content-not-shown", _) => {
            let adopt = format!("bridge template adopt {} --for {}", template.process_code, template.purpose);
            in_console(
                &template.name,
                "Edit > Form: add a multi-line text “内容 Details” (or a table with two columns of text), then run",
                "编辑 > 表单设计：添加多行输入框“内容 Details”（或含两个文本列的明细），然后运行",
                &adopt,
            )
        }
        ("required-unfilled", Source::Configured | Source::Adopted) => {
            let adopt = format!(
                "bridge template adopt {} --for {} --field '<label>=<value>'",
                template.process_code, template.purpose
            );
            in_console(
                &template.name,
                "Edit > Form: make the field optional, or run",
                "编辑 > 表单设计：将该控件设为非必填，或运行",
                &adopt,
            )
        }
        _ => Words::new(
            problem.mend_en.replace("this template", &format!("“{}”", template.name)),
            problem.mend_zh.replace("该模板", &format!("“{}”", template.name)),
        ),
    }
}

fn command(what: &str, template: &Template) -> String {
    match template.purpose {
        Purpose::Default => format!("bridge template {what}"),
        _ => format!("bridge template {what} --for {}", template.purpose),
    }
}

fn run(command: &str) -> Words {
    Words::new(format!("run `{command}`"), format!("运行 `{command}`"))
}

fn in_console(name: &str, en: &str, zh: &str, command: &str) -> Words {
    Words::new(
        format!("OA approval console > Templates > “{name}” > {en} `{command}`"),
        format!("OA审批管理后台 > 表单管理 > “{name}” > {zh} `{command}`"),
    )
}
