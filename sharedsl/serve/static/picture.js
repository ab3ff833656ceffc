// The tree of applications, each storage in one colour wherever it is read.
import { details, overview } from "/about.js";
import { byId, h, sizeText, tint } from "/tools.js";

/** Longer stacks are drawn with one column for a run of equal elements. */
const MANY = 24, RUN = 3;
/** So many boxes are few. */
const FEW = 4;

export class Picture {
  constructor(jump) {
    this.jump = jump;
    this.open = new Set();
    this.kept = null;
    this.view = null;
    const bands = byId("bands");
    bands.addEventListener("pointerover", (event) => this.over(event.target.closest?.(".cell")));
    bands.addEventListener("pointerleave", () => this.over(null));
    bands.addEventListener("click", (event) => this.click(event));
    bands.addEventListener("keydown", (event) => this.key(event));
    bands.addEventListener("focusin", (event) => this.over(event.target.closest?.(".cell")));
  }

  draw(view) {
    const kept = this.kept === null ? null : this.view?.storages[this.kept]?.name;
    this.view = view;
    this.stripes = view.storages.map(() => []);
    this.rows = [];
    const found = view.storages.findIndex((each) => each.name === kept);
    this.kept = found < 0 ? null : found;
    byId("bands").replaceChildren(...this.bands(view.bands, ""));
    const first = this.rows[0]?.[0];
    if (first) first.tabIndex = 0;
    this.show(this.kept, null);
  }

  bands(bands, where) {
    return bands.map((band, at) => (band.kind === "stack" ? this.stack(band, `${where}/${at}`) : this.singles(band, `${where}/${at}`)));
  }

  // ------------------------------------------------------------------ single layers

  singles(band, where) {
    return h("div.band.singles", {}, band.elements.map((each, at) => (each.bands ? this.box(each, `${where}.${at}`) : this.card(each))));
  }

  card(element) {
    const rows = element.rows.map((row) => {
      const cells = this.cells(row.cells);
      this.rows.push(cells);
      return [row.layer ? h("span.said", {}, row.layer) : null, h(row.layer ? "span.cellrow" : "span.cellrow.wide", {}, cells)];
    });
    const big = element.rows.length === 1 ? element.rows[0].cells[0] : null;
    return h("div.card", { title: element.path || element.name }, this.title(element), h("div.cardrows", {}, rows), big ? h("span.size", {}, sizeText(big.shape)) : null);
  }

  title(element) {
    return h("div.title", {}, h("b", {}, label(element)), element.unit && element.unit !== label(element) ? h("span.unit", {}, element.unit) : null, this.loop(element));
  }

  loop(element) {
    return element.loop ? h("span.loop", { title: element.loop === "scan" ? "at every position of a sequence" : "in every turn of a loop" }, "↻") : null;
  }

  box(element, where, count = 1) {
    const title = this.title(element);
    if (count > 1) title.append(h("span.unit", {}, `× ${count}`));
    return h("div.box", { title: element.path }, title, this.bands(element.bands, where));
  }

  /** Elements with stacks in them stand side by side; equal ones that follow each other are one. */
  boxes(band, where) {
    const all = this.open.has(where);
    const columns = runs(band.elements, all, FEW);
    const drawn = columns.map(({ element, count }) => (element.bands ? this.box(element, `${where}.${element.path}`, count) : this.card(element)));
    const toggle = all || columns.length < band.elements.length ? this.more(where, all, band.elements.length) : null;
    return h("div.band", {}, toggle ? h("div.title.apart", {}, toggle) : null, h("div.boxes", {}, drawn));
  }

  more(where, all, count) {
    return h("button.plain.more", { "aria-expanded": String(all), onclick: () => this.toggle(where) }, all ? "equal ones as one" : `all ${count}`);
  }

  // ------------------------------------------------------------------ stacks

  stack(band, where) {
    if (band.elements.some((each) => each.bands)) {
      return this.boxes(band, where);
    }
    const all = this.open.has(where);
    const columns = runs(band.elements, all);
    const folded = columns.length < band.elements.length;
    const names = [...new Set(band.elements.map((each) => each.name))];
    const units = [...new Set(band.elements.map((each) => each.unit))];
    const layers = [...new Set(band.elements.flatMap((each) => each.rows.map((row) => row.layer)))];
    const many = names.length > 1;
    const taking = many && contiguous(columns.map(({ element }) => element.name)).length > names.length;
    const grid = h(taking ? "div.grid.marked" : "div.grid", { "--columns": columns.length });
    const parts = contiguous(columns.map(({ element }) => element.name));
    if (many && parts.length === names.length) grid.append(h("span"), ...parts.map(([name, wide]) => h("span.over", { "--wide": wide }, name)));
    const mark = taking ? prefixes(names) : new Map();
    grid.append(h("span"), ...columns.map(({ element, count, same }) => h(same ? "span.head.again" : "span.head", { title: element.path }, this.head(element, count, mark.get(element.name) ?? ""))));
    for (const layer of layers) {
      const drawn = [];
      const said = layer || [...new Set(band.elements.filter((each) => each.rows.some((row) => !row.layer)).map((each) => each.name))].join(", ");
      grid.append(h("span.said", { title: said }, many || layer ? said : "weights"));
      for (const { element } of columns) {
        const row = element.rows.find((each) => each.layer === layer);
        const cells = row ? this.cells(row.cells) : [];
        drawn.push(...cells);
        grid.append(h("span.cellrow", {}, cells));
      }
      this.rows.push(drawn);
    }
    const toggle = folded || all ? this.more(where, all, band.elements.length) : null;
    const declared = new Set(band.elements.map((each) => `${each.name}[${each.index}]`)).size;
    const count = band.elements.length;
    const said = declared < count ? `${layersOf(declared)}, applied ${count} times` : layersOf(count);
    return h("div.band", {}, h("div.stack", {}, h("div.title", {}, h("b", {}, names.slice(0, 3).join(", ") + (names.length > 3 ? ", …" : "")), h("span.unit", {}, units.slice(0, 3).join(", ")), h("span.unit", {}, `· ${said}`), this.loop(band.elements[0]), toggle), grid));
  }

  /** The index, and below it which application it is, or how many equal ones stand here. */
  head(element, count, mark) {
    const again = [element.run, element.app].filter((each) => each !== null).map((each) => `@${each}`).join("");
    return [
      h("span.index", {}, mark + (element.index ?? "") || "·"),
      h("span.app", {}, count > 1 ? `× ${count}` : again),
    ];
  }

  toggle(where) {
    if (!this.open.delete(where)) this.open.add(where);
    this.draw(this.view);
  }

  // ------------------------------------------------------------------ cells

  cells(cells) {
    const largest = Math.max(...cells.map((each) => each.numel));
    return cells.map((cell) => {
      const thin = cell.numel * 16 < largest;
      const element = h(thin ? "span.cell.thin" : "span.cell", { role: "button", tabindex: "-1", "aria-label": `${cell.site} = ${this.view.expressions[cell.expression]}` });
      element.cell = cell;
      const most = Math.max(...cell.storages.map((each) => this.view.storages[each].numel), 1);
      for (const number of cell.storages) {
        const storage = this.view.storages[number];
        const grow = Math.max(Math.sqrt(storage.numel / most), 0.16);
        const stripe = h(storage.colour ? "i.stripe" : "i.stripe.private", { ...tint(storage), "--grow": grow.toFixed(3) });
        this.stripes[number].push(stripe);
        element.append(stripe);
      }
      return element;
    });
  }

  over(element) {
    if (!this.view) return;
    if (element) this.show(this.kept !== null && element.cell.storages.includes(this.kept) ? this.kept : element.cell.storages[0], element.cell);
    else this.show(this.kept, null);
  }

  click(event) {
    const element = event.target.closest?.(".cell");
    if (!element) return;
    element.focus();
    this.keep(element.cell, event.target);
  }

  /** Keeps a storage of a cell; once more: the next one, then none. */
  keep(cell, target) {
    const direct = target ? this.stripes.findIndex((each) => each.includes(target)) : -1;
    const at = cell.storages.indexOf(this.kept);
    const next = at < 0 ? (direct >= 0 ? direct : cell.storages[0]) : cell.storages[at + 1] ?? null;
    this.kept = direct >= 0 && direct !== this.kept && at < 0 ? direct : next;
    this.show(this.kept, this.kept === null ? null : cell);
  }

  choose(number) {
    this.kept = number;
    this.show(number, null);
  }

  key(event) {
    const element = event.target.closest?.(".cell");
    if (!element) return;
    if (event.key === "Enter" || event.key === " ") this.keep(element.cell, null);
    else if (event.key.startsWith("Arrow")) this.move(element, event.key);
    else return;
    event.preventDefault();
  }

  move(element, key) {
    const row = this.rows.findIndex((each) => each.includes(element));
    const at = this.rows[row].indexOf(element);
    let to = null;
    if (key === "ArrowLeft") to = this.rows[row][at - 1] ?? this.rows[row - 1]?.at(-1);
    else if (key === "ArrowRight") to = this.rows[row][at + 1] ?? this.rows[row + 1]?.[0];
    else to = nearest(element, this.rows[row + (key === "ArrowDown" ? 1 : -1)] ?? []);
    if (!to) return;
    element.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }

  letGo() {
    this.kept = null;
    this.show(null, null);
  }

  // ------------------------------------------------------------------ what is known of a storage

  show(number, cell) {
    const bands = byId("bands");
    for (const each of bands.querySelectorAll(".hot")) each.classList.remove("hot");
    bands.classList.toggle("tracing", number !== null);
    if (number !== null) for (const stripe of this.stripes[number]) stripe.classList.add("hot");
    byId("about").classList.toggle("overview", number === null);
    byId("about").replaceChildren(...(number === null ? overview(this.view, (chosen) => this.choose(chosen)) : details(this.view, number, cell, this.jump)));
  }
}

/** `[["stage1", 2], ["stage2", 2]]` */
function contiguous(names) {
  const found = [];
  for (const name of names) {
    if (found.at(-1)?.[0] === name) found.at(-1)[1] += 1;
    else found.push([name, 1]);
  }
  return found;
}

const layersOf = (count) => (count === 1 ? "1 layer" : `${count} layers`);

/** The shortest beginnings that tell names apart. */
function prefixes(names) {
  const length = (name) => { let end = 1; while (end < name.length && names.some((each) => each !== name && each.startsWith(name.slice(0, end)))) end += 1; return end; };
  return new Map(names.map((name) => [name, name.slice(0, length(name))]));
}

const label = (element) => element.name + (element.run === null ? "" : `@${element.run}`) + (element.index === null ? "" : `[${element.index}]`) + (element.app === null ? "" : `@${element.app}`);

/** Columns: every element, or one for each run of equal ones in a long stack. */
function runs(elements, all, many = MANY) {
  const seen = new Set();
  const columns = [];
  for (const element of elements) {
    const last = columns.at(-1);
    const declared = `${element.name}[${element.index}]`;
    if (last && last.element.alike === element.alike) last.members.push(element);
    else columns.push({ element, members: [element] });
    element.same = seen.has(declared);
    seen.add(declared);
  }
  const together = !all && elements.length > many;
  return columns.flatMap(({ element, members }) =>
    together && members.length >= RUN
      ? [{ element, count: members.length, same: element.same }]
      : members.map((each) => ({ element: each, count: 1, same: each.same })));
}

function nearest(element, row) {
  const middle = (each) => { const box = each.getBoundingClientRect(); return (box.left + box.right) / 2; };
  const here = middle(element);
  return row.reduce((best, each) => (!best || Math.abs(middle(each) - here) < Math.abs(middle(best) - here) ? each : best), null);
}
