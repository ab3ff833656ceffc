// The budget by layer, and the plans side by side.
import { byId, data, h, short, times, whole } from "/tools.js";

/** So many equal elements of a stack are one row. */
const ALIKE = 3;
const METRICS = { params: "Parameters", flops: "FLOPs", state: "State per token" };

export class Budget {
  constructor(resize) {
    this.resize = resize;
    this.metric = "params";
    this.open = new Set();
  }

  draw(view) {
    this.view = view;
    const names = Object.keys(METRICS).filter((each) => each === "params" || view.layers.some((row) => row[each]));
    if (!names.includes(this.metric)) this.metric = "params";
    const focused = document.activeElement?.dataset?.size;
    byId("budget").replaceChildren(
      h("div.controls", {},
        h("div.segments", { role: "group", "aria-label": "what is shown" }, names.map((each) =>
          h("button", { "aria-pressed": String(each === this.metric), onclick: () => { this.metric = each; this.draw(this.view); } }, METRICS[each]))),
        h("div.sizes", {}, Object.entries(view.sizes).map(([name, value]) =>
          h("label", {}, name, h("input", { type: "number", min: "0", max: "1000000000", value: String(value), "data-size": name, onchange: (event) => this.size(name, event.target) }))))),
      view.refused ? h("p.refused", {}, view.refused) : h("span"),
      h("div.bars", { role: "table" }, this.rows(tree(view), 0, this.most(view))),
      h("p.soft.key", {}, ...(this.metric === "params"
        ? [h("i.bar-stored"), " stored: trained, saved, sent  ", h("i.bar-applied"), " applied: what all applications see, each time"]
        : [this.metric === "flops" ? "of one forward at these sizes: 2 × multiply-accumulates" : "numbers kept for each token of a sequence: keys and values"])),
    );
    if (focused) byId("budget").querySelector(`[data-size="${focused}"]`)?.focus();
  }

  size(name, input) {
    const value = Math.round(Number(input.value));
    if (input.value !== "" && value >= 0 && value <= 1e9) this.resize(name, value);
  }

  amount(row) {
    return this.metric === "params" ? Math.max(row.stored, row.applied) : row[this.metric] ?? 0;
  }

  most(view) {
    return Math.max(...tree(view).map((row) => this.amount(row)), 1);
  }

  rows(nodes, depth, most) {
    return nodes.flatMap((node) => {
      const open = this.open.has(node.path);
      const row = this.row(node, depth, most, open);
      return open ? [row, ...this.rows(node.below, depth + 1, most)] : [row];
    });
  }

  row(node, depth, most, open) {
    const share = (value) => `${value ? Math.min(Math.max((value / most) * 100, 0.2), 100).toFixed(2) : 0}%`;
    const params = this.metric === "params";
    const bars = params
      ? [h("i.bar-applied", { "--wide": share(node.applied) }), h("i.bar-stored", { "--wide": share(node.stored) })]
      : [h("i.bar-one", { "--wide": share(node[this.metric] ?? 0) })];
    const said = params ? [h("b", {}, short(node.stored)), h("span.soft", {}, ` of ${short(node.applied)}`)] : [h("b", {}, short(node[this.metric]))];
    const title = params ? `${whole(node.stored)} stored, ${whole(node.applied)} applied` : whole(node[this.metric]);
    const toggle = () => { if (!this.open.delete(node.path)) this.open.add(node.path); this.draw(this.view); };
    const name = [h("span.name", {}, node.name), h("span.unit", {}, node.layer)];
    return h("div.barrow", { title, role: "row", "--depth": depth },
      node.below.length
        ? h("button.plain.label", { "aria-expanded": String(open), onclick: toggle }, h("span.arrow", {}, open ? "▾" : "▸"), name)
        : h("span.label", {}, h("span.arrow"), name),
      h("span.track", {}, bars), h("span.amount", {}, said));
  }
}

/** Layers as a tree: the elements of a stack stand below a row of their own that sums them. */
function tree(view) {
  const root = { below: [] };
  const path = [root];
  for (const row of view.layers) {
    path.length = row.depth + 1;
    const node = { ...row, name: row.path.split(".").at(-1), below: [] };
    path[row.depth].below.push(node);
    path.push(node);
  }
  const own = { stored: view.totals.stored, applied: view.totals.applied };
  for (const each of root.below) { own.stored -= each.stored; own.applied -= each.applied; }
  if (own.stored > 0 || own.applied > 0) root.below.unshift({ path: "", name: "weights", layer: `of ${view.model} itself`, ...own, flops: 0, state: 0, below: [] });
  return stacked(root.below);
}

function stacked(nodes) {
  const found = [];
  for (const node of nodes) {
    node.below = stacked(node.below);
    const stem = node.path.endsWith("]") ? node.path.slice(0, node.path.lastIndexOf("[")) : null;
    const last = found.at(-1);
    if (stem === null) found.push(node);
    else if (last?.stem === stem) add(last, { ...node, look: look(node) });
    else add(found[found.push({ stem, path: `${stem}[*]`, name: stem.split(".").at(-1), layer: node.layer, stored: 0, applied: 0, flops: null, state: null, below: [] }) - 1], { ...node, look: look(node) });
  }
  for (const node of found) {
    if (node.stem) {
      node.layer = `${node.layer} × ${node.below.length}`;
      node.below = alike(node.below);
    }
    node.look = look(node);
  }
  return found;
}

/** Elements of a stack that are alike and follow each other, as one: `layers[0..53]`, with the amounts of each. */
function alike(nodes) {
  const found = [];
  for (const node of nodes) {
    const last = found.at(-1);
    if (last && last.look === node.look) last.members.push(node);
    else found.push({ look: node.look, members: [node] });
  }
  return found.flatMap(({ members }) => {
    if (members.length < ALIKE) return members;
    const [first, last] = [members[0], members.at(-1)];
    const end = last.name.slice(last.name.lastIndexOf("[") + 1, -1);
    return [{ ...first, path: `${first.path}…`, name: `${first.name.slice(0, -1)}–${end}]`, layer: `${first.layer}, each of ${members.length}` }];
  });
}

/** What a row and those below it look like. */
function look(node) {
  return JSON.stringify([node.layer, node.stored, node.applied, node.flops, node.state, node.below.map((each) => each.look)]);
}

function add(stack, node) {
  stack.below.push(node);
  stack.stored += node.stored;
  stack.applied += node.applied;
  for (const each of ["flops", "state"]) if (node[each] !== null) stack[each] = (stack[each] ?? 0) + node[each];
}

/** Whether bars are parts of what is applied (null: where sizes are far apart) or numbers. */
let parts = null;

/** Builds and plans of the model as a table; a row chooses. */
export function plans(view, rows, choose) {
  const amounts = rows.map((row) => Math.max(row.totals.stored, row.totals.applied));
  const most = Math.max(...amounts, 1);
  const share = parts ?? most > 4 * Math.min(...amounts);
  const press = (value) => { parts = value; plans(view, rows, choose); };
  const flops = rows.some((row) => row.totals.flops !== null);
  const state = rows.some((row) => row.totals.state_per_token);
  const head = ["", "stored of applied", "stored", "applied", "sharing", "on disk", ...(flops ? ["FLOPs"] : []), ...(state ? ["state / token"] : [])];
  const part = (title, of) => of.length ? [h("tr.part", {}, h("th", { colspan: String(head.length), scope: "colgroup" }, title)), ...of.map(line)] : [];
  const line = (row) => {
    const t = row.totals;
    const wide = (value) => `${((value / (share ? Math.max(t.stored, t.applied, 1) : most)) * 100).toFixed(2)}%`;
    return h(row.name === view.name ? "tr.chosen" : "tr", {},
      h("th", { scope: "row" }, h("button.plain", { onclick: () => choose(row.name), "aria-current": row.name === view.name ? "true" : null }, row.build ? row.name : row.plan || "no plan"), row.build && row.plan ? h("span.unit", {}, ` ${row.plan}`) : null),
      h("td.wide", {}, h("span.track", {}, h("i.bar-applied", { "--wide": wide(t.applied) }), h("i.bar-stored", { "--wide": wide(t.stored) }))),
      h("td", {}, whole(t.stored)), h("td", {}, whole(t.applied)), h("td", {}, times(t.applied, t.stored)), h("td", {}, data(t.bytes)),
      flops ? h("td", {}, short(t.flops)) : null, state ? h("td", {}, whole(t.state_per_token)) : null);
  };
  const sizes = Object.entries(view.sizes).map(([name, value]) => `${name} = ${value}`).join(", ");
  byId("plans").replaceChildren(
    h("div.controls", {}, h("div.segments", { role: "group", "aria-label": "what bars show" },
      h("button", { "aria-pressed": String(!share), onclick: () => press(false) }, "numbers"),
      h("button", { "aria-pressed": String(share), onclick: () => press(true) }, "parts of applied"))),
    h("div.scroll", {}, h("table", {},
      h("thead", {}, h("tr", {}, head.map((each) => h("th", { scope: "col" }, each)))),
      h("tbody", {}, part(`builds of ${view.model}`, rows.filter((row) => row.build)), part(`${view.model} at its default sizes`, rows.filter((row) => !row.build))))),
    h("p.soft.key", {}, h("i.bar-stored"), " stored  ", h("i.bar-applied"), " applied", flops && sizes ? `  · FLOPs at ${sizes}` : ""));
}
