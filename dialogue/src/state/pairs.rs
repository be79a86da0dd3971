//! Maps with number keys as lists of pairs: keys of JSON objects are texts, which a buffered number cannot be read from.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use std::collections::BTreeMap;

pub(super) fn serialize<V: Serialize, S: Serializer>(
    map: &BTreeMap<u64, V>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    map.iter().collect::<Vec<_>>().serialize(serializer)
}

pub(super) fn deserialize<'de, V: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<u64, V>, D::Error> {
    Ok(Vec::<(u64, V)>::deserialize(deserializer)?.into_iter().collect())
}
