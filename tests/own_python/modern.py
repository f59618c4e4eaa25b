"""As one writes it in the 2020s: pathlib, dataclasses, f-strings, and the methods of root."""
from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

MODULE = {
    "keys": {"modern": {"type": "object", "description": "the address"}},
    "main": "modern",
}


@dataclass
class Network:
    name: str
    address: str


def modify(name, root, cfg):
    network = Network(**cfg["modern"])
    folder = Path(root) / "etc" / "network.d"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{network.name}.json"
    file.write_text(json.dumps(asdict(network), sort_keys=True))
    file.chmod(0o600)
    (folder / "default.json").symlink_to(file.name)
    assert file.owner() == "root" and [p.name for p in folder.glob("*.json")]
    assert (folder / "default.json").resolve() == file
    root.path("var/lib/modern").mkdir()
    root.write("/var/lib/modern/state", b"\xff\x00", mode="0644", owner="ada", group=1000)
    assert root.stat("/var/lib/modern/state").user == "ada"
    odd = Path(root, "var/lib/modern", "odd\udcff")
    odd.write_bytes(root.read_bytes("var/lib/modern/state"))
    assert odd.name in root.list("/var/lib/modern")
    root.info(f"{network.name} has {network.address}")
