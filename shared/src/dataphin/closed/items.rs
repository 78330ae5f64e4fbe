//! Tokens as what they mean to the rule.

use std::collections::{HashMap, HashSet};

use super::{
    ClosedRule, compounds,
    tokens::{Kind, Token, stem, tokens},
};

/// The longest text that is looked at, in characters. What is longer is no message.
const TEXT_LIMIT: usize = 2000;

/// A token, or several, and what they mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub role: Role,
    pub depth: u8,
    /// Whether it is in Chinese.
    pub han: bool,
    /// Its tokens.
    pub term: Vec<Kind>,
}

impl Item {
    /// Whether it is this: one English word, or Chinese characters.
    pub fn is(&self, word: &str) -> bool {
        match &self.term[..] {
            [Kind::Word(own)] => own == word,
            han => word.chars().map(Kind::Han).eq(han.iter().cloned()),
        }
    }

    /// Whether it is one of these.
    pub fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }
}

/// What a token means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// What may be closed.
    Subject,
    /// Any other noun that we know.
    Other,
    /// "… is finished", "no such …".
    Phrase(Phrase),
    /// Says that it is not so, or not yet.
    Negation,
    /// Says that it may be so.
    Doubt,
    /// The answer is not about the request alone.
    Veto,
    /// A word that may stand between a noun and what is said of it.
    Small,
    /// Links a noun to the one after it (`的`): the latter is what is spoken of.
    Link,
    /// What follows is an id.
    IdFollows,
    Id,
    Pause,
    End,
    Unknown,
}

/// How a phrase stands to its noun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phrase {
    pub after: bool,
    pub before: bool,
    /// Whether it is a "not" itself ("not found"), so that a "could" before it changes nothing.
    pub negative: bool,
    /// The words one of which must follow its noun ("no … found"), if any must.
    pub tails: Vec<Kind>,
}

/// Left out (in the form that `stem` gives) before anything is looked at.
const DROPPED: [&str; 20] = [
    "is", "was", "are", "were", "has", "have", "had", "be", "doe", "do", "did", "the", "a", "an", "this",
    "that", "it", "its", "there", "s",
];
const SMALL: [&str; 110] = [
    "already",
    "been",
    "with",
    "of",
    "in",
    "for",
    "by",
    "or",
    "and",
    "your",
    "our",
    "you",
    "now",
    "yet",
    "state",
    "status",
    "specified",
    "given",
    "corresponding",
    "current",
    "whose",
    "which",
    "record",
    "information",
    "info",
    "system",
    "dataphin",
    "exist",
    "found",
    "available",
    "previously",
    "successfully",
    "match",
    "matching",
    "related",
    "any",
    "longer",
    "such",
    "either",
    "since",
    "because",
    "probably",
    "also",
    "经",
    "已",
    "被",
    "该",
    "此",
    "这个",
    "这条",
    "当前",
    "对应",
    "您的",
    "你的",
    "在",
    "系统中",
    "数据库中",
    "中",
    "状态",
    "为",
    "是",
    "处于",
    "或",
    "或者",
    "可能",
    "目前",
    "现在",
    "早",
    "就",
    "都",
    "均",
    "信息",
    "记录",
    "您",
    "进行",
    "过",
    "了",
    "pending",
    "running",
    "active",
    "requested",
    "selected",
    "associated",
    "same",
    "target",
    "from",
    "on",
    "under",
    "within",
    "于",
    "条",
    "个",
    "张",
    "项",
    "笔",
    "本",
    "原",
    "相应",
    "指定",
    "上述",
    "待处理",
    "待审批",
    "操作",
    "会签",
    "里",
    "内",
    "result",
    "结果",
    "at",
    "matches",
];
const ID_FOLLOWS: [&str; 8] = ["id", "no", "number", "编号", "号", "号码", "名称", "code"];
const LINKS: [&str; 5] = ["的", "所属", "关联", "相关", "下"];
const NEGATIONS: [&str; 47] = [
    "not",
    "never",
    "without",
    "being",
    "will",
    "must",
    "should",
    "shall",
    "can",
    "could",
    "may",
    "might",
    "to",
    "until",
    "before",
    "only",
    "partially",
    "almost",
    "nearly",
    "needs",
    "必须",
    "未",
    "没",
    "没有",
    "尚未",
    "还未",
    "还没",
    "还没有",
    "不",
    "并未",
    "不能",
    "不会",
    "无法",
    "不可",
    "需",
    "需要",
    "须",
    "应",
    "待",
    "等待",
    "将",
    "即将",
    "正在",
    "才能",
    "部分",
    "从未",
    "未曾",
];
const DOUBTS: [&str; 19] = [
    "if",
    "whether",
    "unless",
    "when",
    "once",
    "while",
    "after",
    "maybe",
    "是否",
    "如果",
    "若",
    "如",
    "假如",
    "除非",
    "并非",
    "不是",
    "非",
    "当",
    "请确认",
];
/// Words between `已被` and what was done: who did it.
const LONGEST_AGENT: usize = 8;

/// The words of a rule, ready to be looked up.
#[derive(Debug)]
pub(super) struct Vocabulary {
    terms: HashMap<Kind, Vec<(Vec<Kind>, Role)>>,
    /// What follows `已` in its phrases.
    done: Vec<Vec<Kind>>,
    words: HashSet<String>,
}

impl Vocabulary {
    pub fn of(rule: &ClosedRule) -> Self {
        let mut terms = Vec::new();
        for (words, role) in [(&SMALL[..], Role::Small), (&ID_FOLLOWS, Role::IdFollows), (&LINKS, Role::Link)]
        {
            terms.extend(words.iter().map(|word| (plain(word), role.clone())));
        }
        for (words, role) in [(&NEGATIONS[..], Role::Negation), (&DOUBTS, Role::Doubt)] {
            terms.extend(words.iter().map(|word| (plain(word), role.clone())));
        }
        for (words, role) in
            [(&rule.subjects, Role::Subject), (&rule.others, Role::Other), (&rule.never, Role::Veto)]
        {
            terms.extend(words.iter().map(|word| (plain(word), role.clone())));
        }
        let mut phrases: Vec<(Vec<Kind>, Phrase)> = Vec::new();
        for (words, before) in [(&rule.phrases, false), (&rule.before, true)] {
            for word in words {
                let (head, tail) = word
                    .split_once('…')
                    .map_or((word.as_str(), None), |(a, b)| (a, plain(b).into_iter().next()));
                let head = plain(head);
                if let Some((_, same)) = phrases
                    .iter_mut()
                    .find(|(term, same)| *term == head && same.tails.is_empty() == tail.is_none())
                {
                    same.before |= before;
                    same.after |= !before;
                    same.tails.extend(tail);
                    continue;
                }
                let negative = head.first().is_some_and(is_negative);
                phrases.push((
                    head,
                    Phrase { after: !before, before, negative, tails: tail.into_iter().collect() },
                ));
            }
        }
        let done = phrases
            .iter()
            .filter(|(term, _)| term.first() == Some(&Kind::Han('已')))
            .map(|(term, _)| term[1..].to_vec());
        let mut done: Vec<_> = done.filter(|rest| !rest.is_empty()).collect();
        done.sort_by_key(|rest| std::cmp::Reverse(rest.len()));
        // Of what is said twice the later holds: a phrase is more than the noun that begins like it.
        terms.extend(phrases.into_iter().map(|(term, phrase)| (term, Role::Phrase(phrase))));
        let words = terms.iter().flat_map(|(term, _)| term).filter_map(word).cloned().collect();
        let mut by_first: HashMap<Kind, Vec<_>> = HashMap::new();
        for (term, role) in terms.into_iter().rev() {
            if let Some(first) = term.first() {
                by_first.entry(first.clone()).or_default().push((term, role));
            }
        }
        for terms in by_first.values_mut() {
            terms.sort_by_key(|(term, _)| std::cmp::Reverse(term.len()));
        }
        Self { terms: by_first, done, words }
    }

    /// What a text says: at each place the longest term that stands there.
    pub fn items(&self, text: &str) -> Vec<Item> {
        let text: String = text.chars().take(TEXT_LIMIT).collect();
        let knows = |word: &str| self.words.contains(word) || DROPPED.contains(&word);
        let mut tokens = tokens(&text, &knows);
        tokens.retain(|token| !matches!(&token.kind, Kind::Word(word) if DROPPED.contains(&word.as_str())));
        let (mut items, mut at) = (Vec::new(), 0);
        while let Some(token) = tokens.get(at) {
            let rest = &tokens[at..];
            let (role, length) = self.done(rest).or_else(|| self.longest(rest)).unwrap_or_else(|| {
                let role = match &token.kind {
                    Kind::Word(_) | Kind::Han(_) => Role::Unknown,
                    Kind::Id | Kind::Zero => Role::Id,
                    Kind::Mark => Role::IdFollows,
                    Kind::Pause => Role::Pause,
                    Kind::End => Role::End,
                };
                (role, 1)
            });
            let han = matches!(token.kind, Kind::Han(_));
            let term = rest[..length].iter().map(|token| token.kind.clone()).collect();
            items.push(Item { role, depth: token.depth, han, term });
            at += length;
        }
        compounds::resolve(&mut items, &text);
        items
    }

    fn longest(&self, tokens: &[Token]) -> Option<(Role, usize)> {
        let terms = self.terms.get(&tokens.first()?.kind)?;
        let (term, role) = terms.iter().find(|(term, _)| starts_with(tokens, term))?;
        Some((role.clone(), term.len()))
    }

    /// `已经被张三处理`: done, with whoever did it.
    fn done(&self, tokens: &[Token]) -> Option<(Role, usize)> {
        let han = |at: usize| match tokens.get(at)?.kind {
            Kind::Han(c) => Some(c),
            _ => None,
        };
        let first = han(0).filter(|c| matches!(c, '已' | '被'))?;
        let mut at = 1;
        let mut passive = first == '被';
        while let Some(c) = han(at)
            .filter(|c| matches!(c, '经' | '被' | '由' | '全' | '自' | '动' | '强' | '制' | '成' | '功'))
        {
            passive |= matches!(c, '被' | '由');
            at += 1;
        }
        let furthest = if passive { at + LONGEST_AGENT } else { at };
        let phrase = Phrase { after: true, before: false, negative: false, tails: Vec::new() };
        (at..=furthest)
            .take_while(|at| {
                tokens.get(*at).is_some_and(|token| !matches!(token.kind, Kind::Pause | Kind::End))
            })
            .find_map(|at| {
                let rest = self.done.iter().find(|rest| starts_with(&tokens[at..], rest))?;
                // "已被审批人处理": 审批 is a part of who did it.
                if passive && han(at + rest.len()).is_some_and(|c| matches!(c, '人' | '者' | '员')) {
                    return None;
                }
                Some((Role::Phrase(phrase.clone()), at + rest.len()))
            })
    }
}

/// Whether anything in them keeps an answer from ever being about the request alone.
pub(super) fn is_vetoed(items: &[Item]) -> bool {
    items.iter().any(|item| item.role == Role::Veto)
}

fn starts_with(tokens: &[Token], term: &[Kind]) -> bool {
    tokens.len() >= term.len() && tokens.iter().zip(term).all(|(token, kind)| token.kind == *kind)
}

/// A term of the rule as tokens. Its words are not taken apart any further.
fn plain(term: &str) -> Vec<Kind> {
    let kinds = tokens(term, &|_| true).into_iter().map(|token| match token.kind {
        Kind::Word(word) => Kind::Word(stem(&word)),
        kind => kind,
    });
    kinds.filter(|kind| !matches!(kind, Kind::Word(word) if DROPPED.contains(&word.as_str()))).collect()
}

fn word(kind: &Kind) -> Option<&String> {
    match kind {
        Kind::Word(word) => Some(word),
        _ => None,
    }
}

fn is_negative(kind: &Kind) -> bool {
    match kind {
        Kind::Word(word) => matches!(word.as_str(), "not" | "no" | "can" | "could" | "unable"),
        Kind::Han(c) => "不未没找查无".contains(*c),
        _ => false,
    }
}
