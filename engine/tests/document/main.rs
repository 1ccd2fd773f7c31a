//! Documents against `serde_json` as the model, and what documents promise beyond it.

#![allow(clippy::unwrap_used)]

mod generate;
mod json_patch;
mod malformed;
mod merge;
mod merge_patch;
mod properties;
mod text;
mod webhooks;
