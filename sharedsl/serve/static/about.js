// What is shared, and what is known of one storage.
import { ticks } from "/findings.js";
import { data, h, short, swatch, whole } from "/tools.js";

/** With more owners than this, each one's storages are a list that opens. */
const MANY = 5;

/** The tiles above the views. */
export function totals(view) {
  const t = view.totals;
  const sizes = Object.entries(view.sizes).map(([name, value]) => `${name} = ${value}`).join(", ");
  const tile = (name, value, said, extra) => h("div.tile", { title: said }, h("span.said", {}, name), h("b", {}, value), extra ?? h("small", {}, said));
  const share = t.applied ? t.stored / t.applied : 1;
  const meter = h("span.meter", { role: "img", "aria-label": `${(share * 100).toFixed(1)}% of what is applied is stored` }, h("i", { "--share": Math.min(share, 1).toFixed(4) }));
  return [
    tile("stored", short(t.stored), `${whole(t.stored)} numbers`),
    tile("applied", short(t.applied), `${whole(t.applied)} numbers`),
    tile("sharing", t.stored ? `${(t.applied / t.stored).toFixed(2)}×` : "–", "applied for each one stored", meter),
    tile("on disk", data(t.bytes), t.buffers ? `with ${whole(t.buffers)} numbers in buffers` : "all parameters"),
    t.flops !== null ? tile("FLOPs", (view.at_most ? "≤ " : "") + short(t.flops), sizes ? `at ${sizes}` : "one forward")
      : view.refused ? tile("FLOPs", "–", view.refused, h("small.bad", {}, `not at ${sizes}`)) : null,
    t.state_per_token ? tile("state", whole(t.state_per_token), "numbers kept for each token") : null,
  ].filter(Boolean);
}

/** What is shared in a build. */
export function overview(view, choose) {
  const shared = view.storages.map((storage, number) => ({ storage, number })).filter(({ storage }) => storage.colour);
  const all = view.storages.length;
  const groups = new Map();
  for (const each of shared) {
    const home = homeOf(each.storage.name);
    groups.set(home, [...(groups.get(home) ?? []), each]);
  }
  return [
    h("h2", {}, view.model, view.plans.length ? h("span.soft", {}, ` with ${view.plans.join(", ")}`) : null),
    view.doc ? h("p.soft", {}, ticks(view.doc)) : null,
    h("h3", {}, shared.length ? `${shared.length} of ${all} tensors are shared` : `${all} tensors, none of them shared`),
    h("div.storages", {}, [...groups].map(([home, members]) => {
      const list = h("ul", {}, members.map(({ storage, number }) => item(storage, number, members.length > 1 ? storage.name.slice(home.length + 1) : storage.name, choose)));
      if (members.length === 1) return list;
      const sum = short(members.reduce((total, each) => total + each.storage.numel, 0));
      return h("details", { open: groups.size <= MANY }, h("summary.group", {}, swatch(members[members.length >> 1].storage), home, h("span.soft", {}, sum)), list);
    })),
    h("p.soft.key", {}, h("i.swatch.private"), " one reader. Colours: one storage each, a family of hues for each owner."),
  ].filter(Boolean);
}

/** A storage in a list: a click chooses it. */
function item(storage, number, name, choose) {
  const count = storage.readers.length > 1 ? `× ${storage.readers.length}` : "inside";
  return h("li", {}, h("button.plain", { onclick: () => choose(number), title: `${storage.name}: ${whole(storage.numel)} numbers` }, swatch(storage), h("span.name", {}, name), h("span.count", {}, count)));
}

/** All that is known of a storage, and of the cell that it was asked for at. */
export function details(view, number, cell, jump) {
  const storage = view.storages[number];
  const readers = storage.readers;
  const said = cell ? view.expressions[cell.expression] : null;
  const axes = storage.shape.map((axis) => `${axis.name ? `${axis.name} ` : ""}${whole(axis.size)}`).join(" × ");
  const facts = [
    ["shape", axes || "scalar"],
    ["numbers", `${whole(storage.numel)}`],
    ["kind", [storage.role, storage.dtype, storage.frozen ? "frozen" : null, storage.local ? "local" : null].filter(Boolean).join(", ")],
    ["init", storage.init],
  ];
  return [
    h("h2.storage", {}, swatch(storage), h("span.name", {}, storage.name)),
    said && said !== storage.name ? h("p.expression", {}, h("span.soft", {}, `${cell.site} = `), said) : null,
    h("dl", {}, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])),
    storage.because.length || storage.declared ? h("h3", {}, "made by") : null,
    h("ul.lines", {}, [...storage.because, ...(storage.declared ? [storage.declared] : [])].map((place) =>
      h("li", {}, h("button.plain", { disabled: !place.here, onclick: () => jump(place.line) }, h("span.at", {}, place.here ? place.line : `${place.path}:${place.line}`), h("code", {}, place.text))))),
    h("h3", {}, readers.length === 1 ? "read by one site" : `read by ${readers.length} sites`),
    h("ul.readers", {}, readers.slice(0, 40).map((each) => h(cell && each === cell.site ? "li.here" : "li", {}, each)), readers.length > 40 ? h("li.soft", {}, `and ${readers.length - 40} more`) : null),
  ].filter(Boolean);
}

/** The layer that owns a storage: its name up to the last index, or its first word. */
function homeOf(name) {
  const parts = name.split(".");
  const at = parts.findLastIndex((each) => /^\d+$/.test(each));
  return parts.slice(0, Math.max(at, 0) + 1).join(".");
}
