//! What may be done so often a day in the whole installation, counted where every function sees it.

use jiff::Timestamp;

use super::{
    Store, StoreError,
    item::{KEY, number, text},
    marks::unless_condition_failed,
};

const SECONDS_A_DAY: i64 = 24 * 3600;

impl Store {
    /// Claims one of the `most` times that something that `name`s may be done on the day (UTC) of `now`. Of many that ask
    /// at once, no more get it.
    pub async fn claim_of_today(&self, name: &str, most: u32, now: Timestamp) -> Result<bool, StoreError> {
        let day = number(now.as_second().div_euclid(SECONDS_A_DAY));
        let mark = || {
            self.count_write();
            let mark = self.client.update_item().table_name(&*self.table);
            mark.key(KEY, text(format!("M#{name}"))).expression_attribute_values(":day", day.clone())
        };
        let one_more = || {
            let update = mark().update_expression("ADD used :one");
            let update = update.condition_expression("of_day = :day AND used < :most");
            let update = update.expression_attribute_values(":one", number(1));
            update.expression_attribute_values(":most", number(most)).send()
        };
        if most == 0 {
            return Ok(false);
        }
        if unless_condition_failed(one_more().await)? {
            return Ok(true);
        }
        // Another day begins with the first that asks.
        let first = mark()
            .update_expression("SET of_day = :day, used = :one")
            .condition_expression("attribute_not_exists(of_day) OR of_day <> :day")
            .expression_attribute_values(":one", number(1));
        if unless_condition_failed(first.send().await)? {
            return Ok(true);
        }
        // Used up, or somebody else began the day just now.
        unless_condition_failed(one_more().await)
    }
}
