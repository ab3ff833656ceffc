"""The page in a real browser: storages drawn, lit and kept; lines linked; the page follows the file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharedsl.serve.server import Server
from tests.cli.conftest import SPEC
from tests.serve.browser import CHROMIUM, Browser
from tests.serve.test_server import UNTIED

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium on this machine")
ROOT = Path(__file__).parents[2]
READY = "document.body.dataset.version"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture(autouse=True)
def nothing_goes_wrong(browser: Browser) -> Iterator[None]:
    """No exception, no error on the console, nothing refused by the policy."""
    browser.problems.clear()
    yield
    browser.run("1")
    assert browser.problems == []


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    found: dict[str, Server] = {}
    try:
        for name in ("folding/golf", "encoder/albert", "folding/zamba2", "attention/gemma3n"):
            found[name] = Server(str(ROOT / "specs" / f"{name}.sdsl"))
            threading.Thread(target=found[name].run).start()
        yield found
    finally:
        for each in found.values():
            each.shutdown()


def look(browser: Browser, server: Server, rest: str = "", wide: int = 1280) -> None:
    browser.open(server.address + rest, wide)
    browser.until(READY)


def cell(site: str) -> str:
    """Finds the cell of a site."""
    return f"[...document.querySelectorAll('.cell')].find(each => each.cell.site === '{site}')"


def test_every_site_is_drawn_in_the_colour_of_its_storage(browser: Browser, servers: dict[str, Server]) -> None:
    look(browser, servers["folding/golf"], "#build=GolfNet")
    view = servers["folding/golf"].live.view("GolfNet", {})["view"]
    names = browser.run("[...document.querySelectorAll('.cell')].map(each => each.cell.site)")
    assert len(names) == len(set(names)) == 17 * 9 + 4
    drawn = browser.run(
        "[...document.querySelectorAll('.cell')].map(each => [each.cell.storages[0],"
        " getComputedStyle(each.firstChild).backgroundColor, each.firstChild.getBoundingClientRect().width])"
    )
    colours: dict[int, set[str]] = {}
    for storage, colour, wide in drawn:
        colours.setdefault(storage, set()).add(colour)
        assert wide > 2
    assert all(len(each) == 1 for each in colours.values())
    shared = [number for number, each in enumerate(view["storages"]) if each["colour"]]
    assert len(set().union(*(colours[number] for number in shared))) == len(shared)


def test_pointing_lights_all_readers_and_tells_what_is_known(browser: Browser, servers: dict[str, Server]) -> None:
    look(browser, servers["folding/golf"], "#build=GolfNet")
    browser.point(cell("layers[4]@1.attn.q.weight"))
    browser.until("document.querySelectorAll('.hot').length === 3")
    said = browser.run("document.getElementById('about').textContent")
    for part in ("layers.4.attn.q.weight", "heads 8", "262,144", "read by 3 sites", "layers[4]@2.attn.q.weight"):
        assert part in said
    browser.point("document.querySelector('footer')")
    browser.until("document.querySelectorAll('.hot').length === 0")


def test_the_keyboard_does_it_all(browser: Browser, servers: dict[str, Server]) -> None:
    look(browser, servers["folding/golf"], "#build=GolfNet")
    assert browser.run("document.querySelectorAll('.cell[tabindex=\"0\"]').length") == 1
    browser.run(f"{cell('layers[1].norm1.weight')}.focus()")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowRight", "Enter"):
        browser.press(key)
    assert browser.run("document.activeElement.cell.site") == "layers[3]@0.attn.q.weight"
    assert browser.run("document.querySelectorAll('.hot').length") == 3
    browser.press("4")
    assert browser.run("!document.getElementById('code').hidden")
    # what is kept marks the lines of the spec that made it
    assert browser.run("document.querySelectorAll('#spec .made').length") >= 1
    browser.press("1")
    browser.press("Escape")
    assert browser.run("document.querySelectorAll('.hot').length") == 0
    browser.press("]")
    browser.until("document.getElementById('choice').value === 'GolfNetDecoder'")
    assert "build=GolfNetDecoder" in browser.run("location.hash")


def test_a_long_stack_is_drawn_once_for_equal_layers(browser: Browser, servers: dict[str, Server]) -> None:
    look(browser, servers["folding/zamba2"], "#build=Zamba2_2_7B")
    heads = "[...document.querySelectorAll('.head .app')].map(each => each.textContent)"
    assert browser.run(heads).count("× 6") == 7
    few = browser.run("document.querySelectorAll('.cell').length")
    browser.click("document.querySelector('.more')")
    sites = len(servers["folding/zamba2"].live.view("Zamba2_2_7B", {})["view"]["expressions"])
    assert browser.run("document.querySelectorAll('.cell').length") >= sites > few


def test_lines_are_linked_both_ways(browser: Browser, servers: dict[str, Server]) -> None:
    look(browser, servers["encoder/albert"], "#build=AlbertBase&show=code")
    texts = {}
    for side in ("spec", "module"):
        texts[side] = browser.run(f"[...document.querySelectorAll('#{side} .line code')].map(each => each.textContent)")
    at = next(n for n, text in enumerate(texts["spec"]) if "return x, tanh(pooler" in text)
    to = next(n for n, text in enumerate(texts["module"]) if "torch.tanh(self.pooler" in text)
    lit = "[...document.querySelectorAll('#{} .lit')].map(each => Number(each.dataset.n) - 1)"
    browser.point(f"document.getElementById('spec').children[{at}].querySelector('code')")
    browser.until(f"{lit.format('module')}.includes({to})")
    browser.click(f"document.getElementById('spec').children[{at}].querySelector('code')")
    box = browser.run(f"document.getElementById('module').children[{to}].getBoundingClientRect().toJSON()")
    assert 0 < box["top"] < box["bottom"] < 800
    browser.point(f"document.getElementById('module').children[{to}].querySelector('code')")
    browser.until(f"{lit.format('spec')}.includes({at})")
    # both sides are coloured
    assert browser.run("document.querySelectorAll('#spec .k-k').length") > 20
    assert browser.run("document.querySelectorAll('#module .k-k').length") > 20


def test_budget_and_plans(browser: Browser, servers: dict[str, Server]) -> None:
    look(browser, servers["encoder/albert"], "#build=AlbertBase&show=budget")
    assert "11.68M" in browser.run("document.getElementById('totals').textContent")
    row = "[...document.querySelectorAll('.barrow')].find(each => each.textContent.includes('EncoderLayer × 12'))"
    assert "7.09M of 85.05M" in browser.run(f"{row}.textContent")
    wide = "getComputedStyle({}.querySelector('{}')).width"
    stored, applied = (float(browser.run(wide.format(row, of))[:-2]) for of in (".bar-stored", ".bar-applied"))
    assert stored * 12 == pytest.approx(applied, rel=0.02)
    browser.run("document.querySelector('[data-size=T]').value = 256")
    browser.run("document.querySelector('[data-size=T]').dispatchEvent(new Event('change'))")
    browser.until("document.getElementById('totals').textContent.includes('T = 256')")
    assert "at=T%3D256" in browser.run("location.hash")
    browser.press("3")
    browser.until("document.querySelectorAll('#plans tbody tr').length === 28 + 2")
    rows = "[...document.querySelectorAll('#plans button')]"
    browser.click(f"{rows}.find(each => each.textContent === 'AlbertBaseTwins')")
    browser.until("document.getElementById('totals').textContent.includes('47.12M')")
    assert "build=AlbertBaseTwins" in browser.run("location.hash")


def test_what_lint_says_leads_into_the_spec(browser: Browser, tmp_path: Path) -> None:
    spec = tmp_path / "lm.sdsl"
    spec.write_text(UNTIED, encoding="utf-8")
    server = Server(str(spec))
    threading.Thread(target=server.run).start()
    try:
        look(browser, server)
        browser.until("document.body.dataset.linted")
        assert browser.run("document.querySelector('#findings summary').textContent") == "lint!1 warningi1 remark"
        browser.click("document.querySelector('#findings summary')")
        rows = "[...document.querySelectorAll('#findings .one')]"
        of = f"{rows}.find(each => each.textContent.includes('untied-head'))"
        # its text opens, and stays open when the file is read again
        browser.click(f"{of}.querySelector('summary')")
        assert "tie head.weight = embed.weight" in browser.run(f"{of}.querySelector('pre').textContent")
        browser.click(f"{of}.querySelector('button')")
        current = "document.querySelector('#spec .current')"
        assert "layer head" in browser.run(f"{current}.textContent") and browser.run(
            "!document.getElementById('code').hidden"
        )
        assert browser.run(f"{current}.classList.contains('wrong-warning')")
        assert "untied-head" in browser.run(f"{current}.title")
        spec.write_text("# a line more\n" + UNTIED, encoding="utf-8")
        browser.until(f"{of}.querySelector('button').textContent === 'line 4'")
        assert browser.run(f"{of}.open") and browser.run("document.querySelector('#findings .all').open")
        spec.write_text(UNTIED.replace("Lm()", "Lm() with idle"), encoding="utf-8")
        browser.until("document.getElementById('findings').textContent === 'lintnothing to say'")
        assert browser.run("document.querySelectorAll('#spec .wrong').length") == 0
    finally:
        browser.call("Page.navigate", url="about:blank")
        server.shutdown()


def test_equal_layers_are_one_row_of_the_budget(browser: Browser, servers: dict[str, Server]) -> None:
    look(browser, servers["folding/zamba2"], "#build=Zamba2_2_7B&show=budget")
    names = "[...document.querySelectorAll('.barrow .name')].map(each => each.textContent)"
    browser.click(
        "[...document.querySelectorAll('button.label')].find(each => each.textContent.includes('MambaLayer × 54'))"
    )
    assert [each for each in browser.run(names) if each.startswith("mamba[")] == ["mamba[0–53]"]
    browser.click(
        "[...document.querySelectorAll('button.label')].find(each => each.textContent.includes('HybridBlock × 9'))"
    )
    # the first stores what the others read
    assert [each for each in browser.run(names) if each.startswith("attn[")] == ["attn[0]", "attn[1–8]"]


def test_layers_that_are_applied_again_inside_of_a_stack_are_rows(browser: Browser, servers: dict[str, Server]) -> None:
    look(browser, servers["attention/gemma3n"])
    view = servers["attention/gemma3n"].live.view("Gemma3nOwnKeys", {})["view"]
    (stack,) = (band for band in view["bands"] if band["elements"][0]["name"] == "layers")
    assert len(stack["elements"]) == 35 and all("rows" in each for each in stack["elements"])
    heads = browser.run(
        "Math.max(...[...document.querySelectorAll('.grid')].map(each => each.querySelectorAll('.head').length))"
    )
    assert heads == 35
    # labels stay in sight when a wide stack is moved
    assert browser.run("getComputedStyle(document.querySelector('.grid .said')).position") == "sticky"


def test_the_address_keeps_the_choice(browser: Browser, servers: dict[str, Server]) -> None:
    look(browser, servers["encoder/albert"], "#build=Albert+%2B+mirror&show=code&at=B%3D3")
    assert browser.run("document.getElementById('choice').value") == "Albert + mirror"
    assert browser.run("!document.getElementById('code').hidden")
    assert "B = 3" in browser.run("document.getElementById('totals').textContent")


@pytest.mark.parametrize("show", ["picture", "budget", "plans", "code"])
def test_a_narrow_window_is_enough(browser: Browser, servers: dict[str, Server], show: str) -> None:
    look(browser, servers["folding/golf"], f"#build=GolfNet&show={show}", wide=400)
    assert browser.run("document.documentElement.scrollWidth") <= 400


def test_the_page_follows_the_file(browser: Browser, tmp_path: Path) -> None:
    spec = tmp_path / "toy.sdsl"
    spec.write_text(SPEC, encoding="utf-8")
    server = Server(str(spec))
    threading.Thread(target=server.run).start()
    try:
        look(browser, server, "#build=ToyOne")
        count = "document.querySelectorAll('.stack .head').length"
        assert browser.run(count) == 4
        browser.run("document.querySelectorAll('.stack .cell')[2].click()")
        spec.write_text(SPEC.replace("depth = 4", "depth = 6"), encoding="utf-8")
        browser.until(f"{count} === 6")
        # what was kept is still kept
        assert browser.run("document.querySelectorAll('.hot').length") == 6
        spec.write_text(SPEC.replace("across layers }", "across layerz }"), encoding="utf-8")
        browser.until("document.body.classList.contains('stale')")
        assert "layerz" in browser.run("document.getElementById('problems').textContent")
        assert browser.run(count) == 6
        assert float(browser.run("getComputedStyle(document.getElementById('picture')).opacity")) < 1
        spec.write_text(SPEC, encoding="utf-8")
        browser.until(f"!document.body.classList.contains('stale') && {count} === 4")
        assert browser.run("document.getElementById('problems').hidden")
    finally:
        server.shutdown()
    browser.until("document.getElementById('live').className === 'dot off'")
    # the page goes on asking for the server, which is not there: that is no problem of the page's
    browser.call("Page.navigate", url="about:blank")
    browser.run("1")
    browser.problems[:] = [each for each in browser.problems if "net::ERR_" not in each]


def test_a_page_that_begins_with_a_mistake(browser: Browser, tmp_path: Path) -> None:
    spec = tmp_path / "toy.sdsl"
    spec.write_text("model {", encoding="utf-8")
    server = Server(str(spec))
    threading.Thread(target=server.run).start()
    try:
        look(browser, server)
        assert "nothing to show" in browser.run("document.getElementById('problems').textContent")
        assert browser.run("getComputedStyle(document.querySelector('main')).visibility") == "hidden"
        spec.write_text(SPEC.replace("params <= 200", "params <= 20"), encoding="utf-8")
        browser.until("document.querySelectorAll('.stack .head').length === 4")
        # a budget that is not kept hides nothing
        browser.press("]")
        browser.until("document.getElementById('choice').value === 'ToyOne'")
        said = browser.until("document.getElementById('problems').textContent")
        assert "budget" in said and "could be made all the same" in said
    finally:
        browser.call("Page.navigate", url="about:blank")
        server.shutdown()
