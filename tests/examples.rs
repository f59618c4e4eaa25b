//! The examples that users are shown of the built-in modules.

use std::path::Path;

use crate::kit::{self, Work};

#[test]
fn every_example_is_a_recipe_that_works() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rootfs.tar.gz");
    for module in modules::BUILTINS {
        let work = Work::new("example");
        let recipe = work.write("build.yaml", module.example);
        let args = ["plan", "-q", "--json", "-s", "256M", "-f"];
        let report = kit::succeed(work.hsb(args).arg(recipe).arg("-i").arg(&fixture));
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["steps"][0]["module"], module.name);
    }
}
