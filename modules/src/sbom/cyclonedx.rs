//! The list as CycloneDX 1.5: <https://cyclonedx.org/docs/1.5/json/>.

use serde_json::{Value, json};

use super::Contents;

pub(super) fn json(contents: &Contents) -> Value {
    let components = contents.packages.iter().map(|package| {
        let mut component = json!({
            "type": "library",
            "bom-ref": package.purl,
            "name": package.name,
            "purl": package.purl,
        });
        if !package.version.is_empty() {
            component["version"] = json!(package.version);
        }
        if !package.supplier.is_empty() {
            component["supplier"] = json!({"name": package.supplier});
        }
        if !package.license.is_empty() {
            component["licenses"] = json!([{"license": {"name": package.license}}]);
        }
        component
    });
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": format!("urn:uuid:{}", contents.id),
        "version": 1,
        "metadata": {
            "timestamp": contents.time,
            "tools": {"components": [{
                "type": "application",
                "name": "hsb",
                "version": env!("CARGO_PKG_VERSION"),
            }]},
            "component": {
                "type": "operating-system",
                "bom-ref": "image",
                "name": contents.name,
                "version": contents.version,
            },
        },
        "components": components.collect::<Vec<_>>(),
    })
}
