//! The list as SPDX 2.3: <https://spdx.github.io/spdx-spec/v2.3/>.

use serde_json::{Value, json};

use super::Contents;

const NONE: &str = "NOASSERTION";

pub(super) fn json(contents: &Contents) -> Value {
    let image = "SPDXRef-Image";
    let mut packages = vec![json!({
        "SPDXID": image,
        "name": contents.name,
        "versionInfo": contents.version,
        "downloadLocation": NONE,
        "filesAnalyzed": false,
        "primaryPackagePurpose": "OPERATING-SYSTEM",
        "licenseConcluded": NONE,
        "licenseDeclared": NONE,
        "copyrightText": NONE,
    })];
    let mut relationships = vec![relationship("SPDXRef-DOCUMENT", "DESCRIBES", image)];
    for (number, package) in contents.packages.iter().enumerate() {
        let id = format!("SPDXRef-Package-{}", number + 1);
        relationships.push(relationship(image, "CONTAINS", &id));
        let mut entry = json!({
            "SPDXID": id,
            "name": package.name,
            "downloadLocation": NONE,
            "filesAnalyzed": false,
            "licenseConcluded": NONE,
            "licenseDeclared": NONE,
            "copyrightText": NONE,
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": package.purl,
            }],
        });
        if !package.version.is_empty() {
            entry["versionInfo"] = json!(package.version);
        }
        if !package.supplier.is_empty() {
            entry["supplier"] = format!("Organization: {}", package.supplier).into();
        }
        // Databases do not say licences in the language that `licenseDeclared` wants.
        if !package.license.is_empty() {
            entry["licenseComments"] = format!("declared as {}", package.license).into();
        }
        packages.push(entry);
    }
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": contents.name,
        "documentNamespace": format!("https://spdx.org/spdxdocs/hsb-{}", contents.id),
        "creationInfo": {
            "created": contents.time,
            "creators": [format!("Tool: hsb-{}", env!("CARGO_PKG_VERSION"))],
        },
        "packages": packages,
        "relationships": relationships,
    })
}

fn relationship(from: &str, kind: &str, to: &str) -> Value {
    json!({"spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to})
}
