//! Which approvals bear an id of the source. The item is written in the transaction of an approval's first commit, under a
//! version: so two first submits at the same time, with and without the tenant, end as one approval.
//!
//! Approvals from before these items were kept get theirs once in a store's life ([`super::backfill`]). Until then an id without an
//! item is looked for under each tenant; they are few, and are looked up once.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use super::{
    CommitError, Store, StoreError,
    item::{Item, KEY, VERSION, approval_key, number, text},
};
use crate::approval::{Alias, ApplyId, Approval, ApprovalId, ApprovalKey, Details, Source, Status, Tenant};

/// No id of a source belongs to more tenants.
pub const MAX_TENANTS: usize = 100;
/// The item that names the tenants of approvals without an alias.
pub(super) const TENANTS: &str = "M#tenants";
pub(super) const TENANTS_NAMED: &str = "tenants";
pub(super) const APPROVALS: &str = "approvals";
const PAGE: u16 = 1000;
/// So many pages of each status are looked through for tenants.
const MAX_PAGES: usize = 500;

/// The approvals that bear an id of the source, as they are stored now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAs {
    /// The approvals.
    pub alias: Alias,
    /// The version of its item; `None`: there is none.
    version: Option<u64>,
}

impl KnownAs {
    /// Whether all that is known comes from before there were such items.
    pub fn is_from_before(&self) -> bool {
        self.version.is_none() && self.alias.approvals().len() > 0
    }
}

impl Store {
    /// The approvals that bear an id of the source, whatever their tenant.
    pub async fn known_as(&self, source: Source, apply_id: &ApplyId) -> Result<KnownAs, StoreError> {
        let item = self.item_of(alias_key(source, apply_id)).await?;
        if let Some(item) = item {
            let approvals =
                item.get(APPROVALS).and_then(|set| set.as_ss().ok()).ok_or(StoreError::Damaged)?;
            let version = item.get(VERSION).and_then(|version| version.as_n().ok()?.parse().ok());
            let alias = Alias::of(approvals.iter().map(ApprovalId::new));
            let alias = self.with_claim(alias, source, apply_id).await?;
            return Ok(KnownAs { alias, version: Some(version.ok_or(StoreError::Damaged)?) });
        }
        let mut approvals = Vec::new();
        if self.has_all_aliases().await? {
            return Ok(KnownAs { alias: Alias::default(), version: None });
        }
        for tenant in self.tenants_before().await? {
            let id = ApprovalKey { source, tenant, apply_id: apply_id.clone() }.id();
            if self.item_of(approval_key(&id)).await?.is_some() {
                approvals.push(id);
            }
        }
        let alias = self.with_claim(Alias::of(approvals), source, apply_id).await?;
        Ok(KnownAs { alias, version: None })
    }

    /// The alias with the tenant that has claimed the approval without one, where there is such an approval.
    async fn with_claim(
        &self,
        alias: Alias,
        source: Source,
        apply_id: &ApplyId,
    ) -> Result<Alias, StoreError> {
        let without_tenant = ApprovalKey { source, tenant: Tenant::new(""), apply_id: apply_id.clone() }.id();
        if !alias.approvals().any(|approval| *approval == without_tenant) {
            return Ok(alias);
        }
        let approval = self.load(&without_tenant).await?;
        Ok(alias.claimed_by(approval.and_then(|approval| approval.record.claimed_by)))
    }

    /// Commits the first approval of a request with its details and its alias, if nothing has changed about the alias since
    /// it was `known`.
    pub async fn commit_first(
        &self,
        approval: Approval,
        details: &Details,
        known: &KnownAs,
    ) -> Result<Approval, CommitError> {
        let record = &approval.record;
        let approvals = known.alias.approvals().chain([&record.id]);
        let update = Update::builder()
            .table_name(&*self.table)
            .key(KEY, text(alias_key(record.key.source, &record.key.apply_id)))
            .update_expression("ADD #approvals :approvals, #version :one")
            .expression_attribute_names("#approvals", APPROVALS)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":approvals", set(approvals))
            .expression_attribute_values(":one", number(1));
        let update = match known.version {
            None => update.condition_expression("attribute_not_exists(pk)"),
            Some(version) => update
                .condition_expression("#version = :version")
                .expression_attribute_values(":version", number(version)),
        };
        let update = update.build().map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let alias = TransactWriteItem::builder().update(update).build();
        self.commit_with_details(approval, details, Some(alias)).await
    }

    /// Adds approvals to an alias.
    pub async fn add_to_alias(
        &self,
        source: Source,
        apply_id: &ApplyId,
        approvals: impl IntoIterator<Item = &ApprovalId>,
    ) -> Result<(), StoreError> {
        self.add_to_alias_item(alias_key(source, apply_id), set(approvals)).await
    }

    pub(super) async fn add_to_alias_item(
        &self,
        key: String,
        approvals: AttributeValue,
    ) -> Result<(), StoreError> {
        self.count_write();
        let update = self
            .client
            .update_item()
            .table_name(&*self.table)
            .key(KEY, text(key))
            .update_expression("ADD #approvals :approvals, #version :one")
            .expression_attribute_names("#approvals", APPROVALS)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":approvals", approvals)
            .expression_attribute_values(":one", number(1));
        self.unless_held(|| update.clone().send()).await?;
        Ok(())
    }

    /// Looks the tenants up again, where that was done: approvals without an alias have come from another place.
    pub async fn renew_tenants(&self) -> Result<(), StoreError> {
        if self.item_of(TENANTS.to_owned()).await?.is_some() {
            self.look_tenants_up().await?;
        }
        Ok(())
    }

    /// The tenants of approvals that may have no alias.
    async fn tenants_before(&self) -> Result<Vec<Tenant>, StoreError> {
        // One looks, and the others take what it has found.
        let _turn = self.tenants.lock().await;
        let Some(item) = self.item_of(TENANTS.to_owned()).await? else { return self.look_tenants_up().await };
        let tenants = item.get(TENANTS_NAMED).and_then(|list| list.as_l().ok()).ok_or(StoreError::Damaged)?;
        Ok(tenants.iter().filter_map(|tenant| tenant.as_s().ok()).map(Tenant::new).collect())
    }

    /// Looks up which tenants have approvals, and remembers them. Written once in a store's life, so it is not counted.
    async fn look_tenants_up(&self) -> Result<Vec<Tenant>, StoreError> {
        let mut tenants = BTreeSet::new();
        for status in Status::ALL {
            let mut from = None;
            for _ in 0..MAX_PAGES {
                let page = self.tenants_page(status, PAGE, from).await?;
                tenants.extend(page.0);
                from = page.1;
                if from.is_none() {
                    break;
                }
            }
        }
        if tenants.len() > MAX_TENANTS {
            tracing::warn!(
                tenants = tenants.len(),
                "only the first {MAX_TENANTS} tenants are looked through"
            );
        }
        self.put_tenants(tenants).await
    }

    /// Adds tenants to those that are remembered.
    pub(super) async fn join_tenants(&self, tenants: impl Iterator<Item = Tenant>) -> Result<(), StoreError> {
        let known = self.tenants_before().await?.into_iter();
        self.put_tenants(known.chain(tenants).collect()).await.map(|_| ())
    }

    async fn put_tenants(&self, tenants: BTreeSet<Tenant>) -> Result<Vec<Tenant>, StoreError> {
        let tenants: Vec<Tenant> = tenants.into_iter().take(MAX_TENANTS).collect();
        let list = tenants.iter().map(|tenant| text(tenant.as_str())).collect();
        let put = self.client.put_item().table_name(&*self.table).item(KEY, text(TENANTS));
        put.item(TENANTS_NAMED, AttributeValue::L(list)).send().await?;
        Ok(tenants)
    }

    pub(super) async fn item_of(&self, key: String) -> Result<Option<Item>, StoreError> {
        let _lane = self.lane().await;
        let get = self.client.get_item().table_name(&*self.table).key(KEY, text(key));
        Ok(get.consistent_read(true).send().await?.item)
    }
}

pub(super) fn alias_key(source: Source, apply_id: &ApplyId) -> String {
    format!("L#{}#{apply_id}", source.name())
}

fn set<'a>(approvals: impl IntoIterator<Item = &'a ApprovalId>) -> AttributeValue {
    AttributeValue::Ss(approvals.into_iter().map(ToString::to_string).collect())
}
