// What is wrong with the spec, and what lint says of it: each with its code, its line, and its text.
import { byId, h } from "/tools.js";

const MARKS = { error: "✕", warning: "!", info: "i" };

export class Findings {
  /** `jump` is called with a line of the spec. */
  constructor(jump) {
    this.jump = jump;
    this.open = new Set();
  }

  /** Mistakes stand above all views; `said` is what the views show meanwhile. */
  mistakes(problems, path, said) {
    const box = byId("problems");
    box.hidden = !problems.length;
    box.replaceChildren(
      h("p", {}, h("b", {}, count(problems.length, "mistake")), ` · ${said}`),
      ...problems.map((each, at) => this.one(each, path, at === 0 && problems.length < 4)));
  }

  /** What lint says is a line that opens; it stands there from the beginning, so that nothing moves when it comes. */
  lint(found, path, settings) {
    const box = byId("findings");
    const open = box.querySelector("details.all")?.open ?? false;
    const of = (severity) => found.filter((each) => each.severity === severity).length;
    const counts = [["warning", "warning"], ["info", "remark"]].filter(([severity]) => of(severity)).map(([severity, name]) =>
      h(`span.${severity}`, {}, mark(severity), count(of(severity), name)));
    const title = h("span.lint", {}, "lint");
    if (!counts.length && !settings) return box.replaceChildren(h("p.all", {}, title, "nothing to say"));
    box.replaceChildren(h("details.all", { open },
      h("summary", {}, title, counts, settings ? h("span.bad", {}, "its settings cannot be used") : null),
      settings ? h("p.bad", {}, settings) : null,
      found.map((each) => this.one(each, path, false))));
  }

  one(each, path, open) {
    const first = each.labels.find((label) => label.primary);
    const key = `${each.code} ${each.message}`;
    const line = first?.file === path ? first.start.line : null;
    const place = first && line === null ? `${first.file}:${first.start.line}` : line === null ? "" : `line ${line}`;
    const jump = (event) => { event.preventDefault(); this.jump(line); };
    return h("details.one", {
      open: open || this.open.has(key),
      ontoggle: (event) => { if (event.target.open) this.open.add(key); else this.open.delete(key); },
    },
    h("summary", {}, mark(each.severity), h("code", {}, each.code), " ", ticks(each.message), " ",
      line === null ? h("span.soft", {}, place) : h("button.plain", { onclick: jump }, place)),
    h("pre", {}, each.rendered.split("\n").slice(1).join("\n")));
  }
}

function mark(severity) {
  return h(`i.mark.${severity}`, { role: "img", "aria-label": severity }, MARKS[severity]);
}

const count = (number, name) => `${number} ${name}${number === 1 ? "" : "s"}`;

/** A sentence in which what stands between backticks is code. */
export function ticks(text) {
  return text.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));
}
