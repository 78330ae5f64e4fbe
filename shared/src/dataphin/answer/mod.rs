//! What an answer says, whatever dialect it is in. Pure: bytes in, signals out.
//!
//! | file | idea |
//! |---|---|
//! | [`decode`] | bytes to text: compression, byte order marks, character sets; bounded |
//! | [`node`] | text to a tree of values, out of the wrappers that some put around it |
//! | [`names`] | which member of an answer says what kind of thing |
//! | [`words`] | words that say yes, and words that say no |
//! | [`doubts`] | words beside a yes that make one doubt it |
//! | [`signals`] | every yes and every no of a tree, with what it says in words |
//! | [`skeleton`] | the shape of an answer, without what differs from request to request |

pub(super) mod decode;
mod doubts;
pub(super) mod names;
pub(super) mod node;
pub(super) mod signals;
pub(super) mod skeleton;
pub(super) mod words;
