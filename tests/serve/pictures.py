"""Takes the pictures of the page that the documentation shows: `python -m tests.serve.pictures`."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from sharedsl.serve.server import Server
from tests.serve.browser import Browser

ROOT = Path(__file__).parents[2]
#: name -> (spec, what the address says, dark, what to do before)
PICTURES = {
    "serve-light": ("specs/encoder/albert.sdsl", "#build=AlbertBaseCycle", False, ""),
    "serve-dark": ("specs/folding/golf.sdsl", "#build=GolfOwnNorms", True, ""),
    "serve-storage": (
        "specs/folding/hierarchical.sdsl",
        "#build=HierarchicalModel",
        True,
        "[...document.querySelectorAll('.cell')].find(each => each.cell.site === 'low@3[2].attn.out.weight').click()",
    ),
    "serve-code": (
        "specs/encoder/albert.sdsl",
        "#build=AlbertBase&show=code",
        False,
        "document.getElementById('spec-22').click()",
    ),
    "serve-lint": (
        "specs/attention/cla.sdsl",
        "#show=code",
        True,
        "[...document.querySelectorAll('#findings details')].slice(0, 2).forEach(each => { each.open = true })",
    ),
    "serve-plans": ("specs/encoder/albert.sdsl", "#build=AlbertBaseCycle&show=plans", False, ""),
}


def main() -> None:
    (ROOT / "docs" / "pictures").mkdir(exist_ok=True)
    servers: dict[str, Server] = {}
    with TemporaryDirectory() as folder:
        browser = Browser(Path(folder))
        for name, (spec, address, dark, before) in PICTURES.items():
            if spec not in servers:
                servers[spec] = Server(spec)
                threading.Thread(target=servers[spec].run).start()
            browser.open(servers[spec].address + address, 1280, 800, dark)
            browser.until("document.body.dataset.linted")
            if "plans" in name:
                browser.until("document.querySelectorAll('#plans tr').length > 1")
            if before:
                browser.run(before)
            time.sleep(0.5)
            browser.picture(ROOT / "docs" / "pictures" / f"{name}.png")
        browser.close()
    for server in servers.values():
        server.shutdown()


if __name__ == "__main__":
    main()
