// The spec beside the module, with lines that are linked both ways.
import { byId, h, tint } from "/tools.js";

export class Code {
  constructor() {
    this.links = [];
    for (const side of ["spec", "module"]) {
      const pane = byId(side);
      pane.addEventListener("pointerover", (event) => this.light(side, number(event.target)));
      pane.addEventListener("pointerleave", () => this.light(side, null));
      pane.addEventListener("click", (event) => this.go(side, number(event.target)));
      pane.addEventListener("keydown", (event) => this.key(side, event));
    }
  }

  draw(spec, view) {
    this.path = spec.path;
    byId("spec-name").textContent = spec.path;
    byId("module-name").textContent = view ? `${view.name}: the module` : "the module";
    this.links = view ? view.code.links : [];
    const from = new Set(this.links.map((each) => each[2]));
    const to = new Set(this.links.flatMap(([first, last]) => range(first, last)));
    fill(byId("spec"), spec.lines, from);
    fill(byId("module"), view ? view.code.lines : [], to);
  }

  /** Marks the lines that something is said of, the gravest of each line, with what that is. */
  warn(diagnostics) {
    for (const each of byId("spec").querySelectorAll(".wrong")) {
      each.classList.remove("wrong", "wrong-error", "wrong-warning", "wrong-info");
      each.removeAttribute("title");
    }
    for (const severity of ["error", "warning", "info"]) {
      for (const each of diagnostics.filter((one) => one.severity === severity)) {
        const label = each.labels.find((one) => one.primary);
        const line = label?.file === this.path ? byId("spec").children[label.start.line - 1] : null;
        if (!line) continue;
        if (!line.classList.contains("wrong")) line.classList.add("wrong", `wrong-${severity}`);
        line.title = `${line.title ? `${line.title}\n` : ""}${each.code}: ${each.message}`;
      }
    }
  }

  /** Marks the lines of the spec that made a storage. */
  mark(storage) {
    for (const each of byId("spec").querySelectorAll(".made")) each.classList.remove("made");
    if (!storage) return;
    for (const place of [...storage.because, ...(storage.declared ? [storage.declared] : [])]) {
      const line = place.here ? byId("spec").children[place.line - 1] : null;
      if (!line) continue;
      line.classList.add("made");
      line.classList.toggle("private", !storage.colour);
      for (const [name, value] of Object.entries(tint(storage))) line.style.setProperty(name, value);
    }
  }

  /** The lines of the other side that belong to a line. */
  others(side, at) {
    if (side === "spec") return this.links.filter((each) => each[2] === at).flatMap(([first, last]) => range(first, last));
    return this.links.filter(([first, last]) => first <= at && at <= last).map((each) => each[2]);
  }

  light(side, at) {
    for (const each of document.querySelectorAll("#code .lit")) each.classList.remove("lit");
    if (at === null) return;
    const others = this.others(side, at);
    if (!others.length) return;
    const same = side === "spec" ? [at] : this.others("spec", others[0]).filter((each) => side === "module" && each);
    for (const each of same) byId(side).children[each - 1]?.classList.add("lit");
    for (const each of others) byId(other(side)).children[each - 1]?.classList.add("lit");
  }

  go(side, at) {
    if (at === null) return;
    this.current(side, at);
    const [first] = this.others(side, at);
    if (first) {
      this.current(other(side), first);
      reveal(byId(other(side)), first);
    }
    this.light(side, at);
  }

  current(side, at) {
    byId(side).querySelector(".current")?.classList.remove("current");
    const line = byId(side).children[at - 1];
    if (!line) return;
    line.classList.add("current");
    byId(side).setAttribute("aria-activedescendant", line.id);
  }

  key(side, event) {
    const pane = byId(side);
    const at = number(pane.querySelector(".current") ?? pane.children[0]) ?? 1;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 }[event.key];
    if (step) {
      const to = Math.min(Math.max(at + step, 1), pane.children.length);
      this.current(side, to);
      pane.children[to - 1].scrollIntoView({ block: "nearest" });
      this.light(side, to);
    } else if (event.key === "Enter") {
      this.go(side, at);
    } else return;
    event.preventDefault();
  }

  show(line) {
    this.current("spec", line);
    reveal(byId("spec"), line);
    this.go("spec", line);
  }
}

const other = (side) => (side === "spec" ? "module" : "spec");
const range = (first, last) => Array.from({ length: last - first + 1 }, (_, at) => first + at);

function number(target) {
  const line = target?.closest?.(".line");
  return line ? Number(line.dataset.n) : null;
}

function reveal(pane, at) {
  const line = pane.children[at - 1];
  if (line) pane.scrollTop = line.offsetTop - pane.clientHeight / 3;
}

function fill(pane, lines, linked) {
  const place = pane.scrollTop;
  pane.replaceChildren(...lines.map((pieces, at) => {
    const n = at + 1;
    const classes = ["line", linked.has(n) ? "linked" : ""].filter(Boolean).join(".");
    return h(`div.${classes}`, { "data-n": String(n), id: `${pane.id}-${n}`, role: "option" }, h("span.n", {}, String(n)), h("code", {}, pieces.length ? pieces.map(([kind, text]) => (kind ? h(`span.k-${kind}`, {}, text) : text)) : "\u200b"));
  }));
  pane.scrollTop = place;
}
