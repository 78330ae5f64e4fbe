//! What a store holds, compared with a file.

use std::collections::HashMap;

use anyhow::Result;
use jiff::Timestamp;
use shared::store::{RawItem, RawKind, Store};

use super::{judge::There, progress::Progress};
use crate::archive::{Digest, Digests};

/// What a store holds beside the items that are the same.
pub(super) struct Others(HashMap<String, There>);

impl Others {
    /// Goes through the whole store and meets the file's items; gives the other ones.
    pub(super) async fn find(
        store: &Store,
        digests: &mut Digests,
        progress: &mut Progress,
        now: Timestamp,
    ) -> Result<Self> {
        let mut others = HashMap::new();
        digests.begin_anew();
        each(store, now, progress, |item| {
            if !digests.meet(Digest::of(&item)) {
                others.insert(item.key().to_owned(), There::of(&item));
            }
            Ok(())
        })
        .await?;
        Ok(Self(others))
    }

    /// The one under this key; it is none of the others any more.
    pub(super) fn take(&mut self, key: &str) -> Option<There> {
        self.0.remove(key)
    }

    /// The approvals among them.
    pub(super) fn approvals(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|key| key.starts_with("A#"))
    }
}

/// Hands each item of the store on.
pub(super) async fn each(
    store: &Store,
    now: Timestamp,
    progress: &mut Progress,
    mut each: impl FnMut(RawItem) -> Result<()>,
) -> Result<()> {
    let mut from = None;
    loop {
        let (items, next) = store.raw_page(from, now).await?;
        progress.add(items.len() as u64);
        items.into_iter().try_for_each(&mut each)?;
        from = next;
        if from.is_none() {
            return Ok(());
        }
    }
}

/// Whether a store that is at work may change it at any time, without any meaning for what is moved.
pub(super) fn is_note(item: &RawItem) -> bool {
    matches!(item.kind(), RawKind::Note | RawKind::Tenants)
}
