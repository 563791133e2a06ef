//! The shape of audit.json, from the types that write it.

use super::Report;

/// The JSON schema of audit.json: docs/schema/audit.json is this value.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}
