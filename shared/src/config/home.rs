//! Where the bridge is at home: what is set, started and read in other places on AWS than on one machine.

use super::VARIABLES;

/// The bridge's home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// Lambda functions of the AWS stack.
    Aws,
    /// `bridge serve`, or a command beside it.
    Machine,
}

/// What the stack hands on under another name than the variable's.
const PARAMETERS: [(&str, &str); 7] = [
    ("BRIDGE_SECRET_ID", "SecretArn"),
    ("BRIDGE_TABLE", "ExistingTableName"),
    ("BRIDGE_PUBLIC_URL", "DomainName"),
    ("BRIDGE_LOG", "LogLevel"),
    ("BRIDGE_SYSTEM_NAME", "SystemName"),
    ("BRIDGE_SUBMIT_WAIT_SECONDS", "SubmitWaitSeconds"),
    ("DATAPHIN_CA_FILE", "DataphinAuthorityLayerArn"),
];

impl Home {
    /// That of this process.
    pub fn here() -> Self {
        if std::env::var_os("AWS_LAMBDA_FUNCTION_NAME").is_some() { Self::Aws } else { Self::Machine }
    }

    /// Where a variable is set, in English and Chinese.
    pub fn place_of(self, variable: &str) -> (String, String) {
        if self == Self::Machine {
            return (
                format!("{variable} in the bridge's environment"),
                format!("审批桥的环境变量 {variable}"),
            );
        }
        if is_secret(variable) {
            return (
                format!("{variable} in the stack's secret (Secrets Manager)"),
                format!("AWS 堆栈的密钥（Secrets Manager）中的 {variable}"),
            );
        }
        match parameter(variable) {
            Some(parameter) => (
                format!("{variable}: the AWS stack's parameter {parameter}"),
                format!("{variable}：AWS 堆栈参数 {parameter}"),
            ),
            None => (format!("{variable} in the functions' environment"), format!("函数环境变量 {variable}")),
        }
    }

    /// What is done after a variable was changed, in English and Chinese.
    pub fn after_change(self, variable: &str) -> (&'static str, &'static str) {
        match self {
            Self::Machine => self.renewal(),
            Self::Aws if is_secret(variable) => ("wait some minutes", "等待几分钟"),
            Self::Aws => ("run `sam deploy`", "运行 `sam deploy`"),
        }
    }

    /// How what is running takes up a change of what it is configured with, in English and Chinese.
    pub fn renewal(self) -> (&'static str, &'static str) {
        match self {
            Self::Aws => (
                "wait some minutes after a change of the secret; `sam deploy` after one of a parameter",
                "修改密钥后请等待几分钟；修改堆栈参数后请运行 `sam deploy`",
            ),
            Self::Machine => ("restart `bridge serve`", "重启 `bridge serve`"),
        }
    }
}

/// What belongs into the secret.
fn is_secret(variable: &str) -> bool {
    let name = variable.strip_suffix("_PREVIOUS").unwrap_or(variable);
    ["_SECRET", "_TOKEN", "_AES_KEY"].iter().any(|end| name.ends_with(end))
}

/// The parameter of `template.yaml` that becomes a variable.
fn parameter(variable: &str) -> Option<String> {
    if let Some((_, parameter)) = PARAMETERS.iter().find(|(name, _)| *name == variable) {
        return Some((*parameter).to_owned());
    }
    let is_known = VARIABLES.iter().copied().flatten().any(|known| known.name == variable);
    let prefixes = [("DINGTALK_", "DingTalk"), ("DATAPHIN_", "Dataphin")].into_iter().filter(|_| is_known);
    let (first, rest) =
        prefixes.into_iter().find_map(|(prefix, first)| Some((first, variable.strip_prefix(prefix)?)))?;
    let words = rest.split('_').map(|word| {
        let (head, tail) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        format!("{head}{}", tail.to_ascii_lowercase())
    });
    Some(format!("{first}{}", words.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = include_str!("../../../template.yaml");

    /// Variables and the parameters that they are made of.
    fn in_template() -> Vec<(&'static str, &'static str)> {
        let lines = TEMPLATE.lines().filter_map(|line| line.trim().split_once(": !Ref "));
        let ours = |name: &str| ["DINGTALK_", "DATAPHIN_", "BRIDGE_"].iter().any(|it| name.starts_with(it));
        lines.filter(|(name, _)| ours(name)).collect()
    }

    #[test]
    fn on_aws_a_variable_is_named_by_the_parameter_of_the_template() {
        let made = in_template();
        assert!(made.len() > 10, "{made:?}");
        for (variable, expected) in made {
            if expected != "AWS::StackName" {
                assert_eq!(parameter(variable).as_deref(), Some(expected), "{variable}");
            }
        }
        for variable in VARIABLES.iter().copied().flatten().filter(|variable| !is_secret(variable.name)) {
            if let Some(parameter) = parameter(variable.name) {
                assert!(TEMPLATE.contains(&format!("\n  {parameter}:\n")), "{}: {parameter}", variable.name);
            }
        }
        assert_eq!(parameter("DINGTALK_APPKEY"), None, "a misspelt name is no parameter's");
    }

    #[test]
    fn what_is_secret_is_named_by_the_secret() {
        let (en, zh) = Home::Aws.place_of("DINGTALK_CALLBACK_AES_KEY");
        assert_eq!(en, "DINGTALK_CALLBACK_AES_KEY in the stack's secret (Secrets Manager)");
        assert!(zh.contains("密钥"), "{zh}");
        assert!(in_template().iter().all(|(variable, _)| !is_secret(variable)));
    }

    #[test]
    fn on_one_machine_everything_is_in_the_environment() {
        let (en, _) = Home::Machine.place_of("DINGTALK_APP_SECRET");
        assert_eq!(en, "DINGTALK_APP_SECRET in the bridge's environment");
        assert!(Home::Machine.renewal().0.contains("bridge serve"));
        assert!(!Home::Aws.renewal().0.contains("bridge serve"));
    }
}
