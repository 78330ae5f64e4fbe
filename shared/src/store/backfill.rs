//! Approvals from before aliases were kept get theirs, once in a store's life, page by page beside the other work. Afterwards an id
//! of the source is found by one key, and an id without an alias is of no approval.
//!
//! The pages go along the life of an approval, oldest change first, so one that changes meanwhile is met later. What moves back
//! (a resend, a repeated submit) may be missed: so the whole is gone through again until nothing was missing.

use aws_sdk_dynamodb::types::AttributeValue;
use tokio::task::JoinSet;

use super::{
    Store, StoreError,
    aliases::{APPROVALS, alias_key},
    item::{self, Item, KEY, number, text},
    marks::unless_condition_failed,
};
use crate::approval::{ApplyId, ApprovalId, Source, Status};

/// How far it has come.
pub(super) const PROGRESS: &str = "M#aliases";
const DONE: &str = "done";
const STATUS_AT: &str = "at_status";
const FROM: &str = "from_key";
const MISSED: &str = "missed";
/// Another one with each restart: what was begun before it does not go on.
const ROUND: &str = "round";
const FIRST_ROUND: &str = "first";

const PAGE: u16 = 100;
/// Aliases that are looked at at the same time.
const AT_ONCE: usize = 8;

/// How far it has come: what follows `from` of a status, and whether something was missing so far.
struct Progress {
    round: String,
    status: usize,
    from: Option<Item>,
    missed: bool,
    done: bool,
}

impl Progress {
    fn nothing(round: String) -> Self {
        Self { round, status: 0, from: None, missed: false, done: false }
    }

    fn item(&self) -> Item {
        let mut item: Item = [
            (KEY.to_owned(), text(PROGRESS)),
            (ROUND.to_owned(), text(&self.round)),
            (DONE.to_owned(), AttributeValue::Bool(self.done)),
            (MISSED.to_owned(), AttributeValue::Bool(self.missed)),
            (STATUS_AT.to_owned(), number(i128::try_from(self.status).unwrap_or(0))),
        ]
        .into();
        if let Some(from) = &self.from {
            item.insert(FROM.to_owned(), AttributeValue::M(from.clone()));
        }
        item
    }
}

/// As it is where nothing is done yet.
pub(super) fn nothing_done(round: String) -> Item {
    Progress::nothing(round).item()
}

impl Store {
    /// Whether every approval has its alias. Never remembered: an import may bring others.
    pub async fn has_all_aliases(&self) -> Result<bool, StoreError> {
        Ok(self.progress().await?.done)
    }

    /// Gives a page of approvals their aliases. True: all have theirs.
    pub async fn backfill_aliases(&self) -> Result<bool, StoreError> {
        let (mut progress, mut handled) = (self.progress().await?, 0);
        if progress.done {
            return Ok(true);
        }
        while handled == 0 {
            let Some(status) = Status::ALL.get(progress.status) else {
                progress = Progress { done: !progress.missed, ..Progress::nothing(progress.round) };
                break;
            };
            let (approvals, next) = self.approvals_page(*status, PAGE, progress.from.take()).await?;
            handled = approvals.len();
            progress.missed |= self.give_aliases(approvals).await?;
            progress.status += usize::from(next.is_none());
            progress.from = next;
        }
        Ok(self.keep_progress(&progress).await? && progress.done)
    }

    /// Adds approvals to the aliases that lack them. True: some did.
    async fn give_aliases(&self, approvals: Vec<(ApprovalId, ApplyId)>) -> Result<bool, StoreError> {
        let (mut giving, mut missed) = (JoinSet::new(), false);
        for (id, apply_id) in approvals {
            if giving.len() >= AT_ONCE
                && let Some(given) = giving.join_next().await
            {
                missed |= given.map_err(|error| cut_off(&error))??;
            }
            let store = self.clone();
            giving.spawn(async move { store.give_alias(&id, &apply_id).await });
        }
        while let Some(given) = giving.join_next().await {
            missed |= given.map_err(|error| cut_off(&error))??;
        }
        Ok(missed)
    }

    async fn give_alias(&self, id: &ApprovalId, apply_id: &ApplyId) -> Result<bool, StoreError> {
        let source = Source::Dataphin;
        let alias = self.item_of(alias_key(source, apply_id)).await?;
        let known = alias.as_ref().and_then(|alias| alias.get(APPROVALS)?.as_ss().ok());
        if known.is_some_and(|known| known.iter().any(|known| known == id.as_str())) {
            return Ok(false);
        }
        self.add_to_alias(source, apply_id, [id]).await?;
        Ok(true)
    }

    async fn progress(&self) -> Result<Progress, StoreError> {
        let Some(item) = self.item_of(PROGRESS.to_owned()).await? else {
            return Ok(Progress::nothing(FIRST_ROUND.to_owned()));
        };
        let is = |name: &str| item.get(name).is_some_and(|value| value.as_bool() == Ok(&true));
        let status = item.get(STATUS_AT).and_then(|at| at.as_n().ok()?.parse().ok());
        let from = item.get(FROM).and_then(|from| from.as_m().ok()).cloned();
        let round = item.get(ROUND).and_then(|round| round.as_s().ok()).cloned();
        let round = round.unwrap_or_else(|| FIRST_ROUND.to_owned());
        Ok(Progress { round, status: status.unwrap_or(0), from, missed: is(MISSED), done: is(DONE) })
    }

    /// False: it was begun anew meanwhile. Written a few times in a store's life, so it is not counted.
    async fn keep_progress(&self, progress: &Progress) -> Result<bool, StoreError> {
        let put = self.client.put_item().table_name(&*self.table).set_item(Some(progress.item()));
        let put = put
            .condition_expression("attribute_not_exists(pk) OR #round = :round")
            .expression_attribute_names("#round", ROUND)
            .expression_attribute_values(":round", text(&progress.round));
        unless_condition_failed(put.send().await)
    }

    /// Approvals with a status and their ids in the source, those first that have not changed for the longest time.
    async fn approvals_page(
        &self,
        status: Status,
        limit: u16,
        from: Option<Item>,
    ) -> Result<(Vec<(ApprovalId, ApplyId)>, Option<Item>), StoreError> {
        let _lane = self.lane().await;
        let query = self.with_status(status).limit(i32::from(limit)).set_exclusive_start_key(from);
        let output = query.send().await?;
        let ids = |item: &Item| {
            let apply_id = item.get(item::APPLY_ID)?.as_s().ok().map(ApplyId::new)?;
            Some((item::approval_of_key(item)?, apply_id))
        };
        Ok((output.items().iter().filter_map(ids).collect(), output.last_evaluated_key))
    }
}

fn cut_off(error: &tokio::task::JoinError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
