//! DingTalk and Dataphin as seen from outside: stateful, over real HTTP, for the demo and the tests.

pub mod dataphin;
pub mod dingtalk;
mod html;
