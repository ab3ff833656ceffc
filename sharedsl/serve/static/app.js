// Follows the spec: asks for what is shown whenever the server says that the file was read again.
import { byId, h } from "/tools.js";
import { totals } from "/about.js";
import { Findings } from "/findings.js";
import { Picture } from "/picture.js";
import { Budget, plans } from "/panels.js";
import { Code } from "/text.js";

const TABS = ["picture", "budget", "plans", "code"];
const wish = { of: "", show: "picture", at: {} };
let state = null, answer = null, linted = null, turn = 0;
const code = new Code();
const jump = (line) => { show("code"); code.show(line); };
const picture = new Picture(jump);
const findings = new Findings(jump);
const budget = new Budget((name, value) => { wish.at = { ...wish.at, [name]: value }; remember(); look(); });

// ---------------------------------------------------------------------- the address keeps what is looked at

function recall() {
  const said = new URLSearchParams(location.hash.slice(1));
  wish.of = said.get("build") ?? wish.of;
  wish.show = TABS.includes(said.get("show")) ? said.get("show") : "picture";
  wish.at = Object.fromEntries((said.get("at") ?? "").split(",").filter(Boolean).map((each) => each.split("=")).map(([name, size]) => [name, Number(size)]));
}

function remember() {
  const said = new URLSearchParams({ build: wish.of });
  if (wish.show !== "picture") said.set("show", wish.show);
  if (Object.keys(wish.at).length) said.set("at", sizes());
  history.replaceState(null, "", `#${said}`);
}

const sizes = () => Object.entries(wish.at).map(([name, size]) => `${name}=${size}`).join(",");

async function ask(route, given) {
  const reply = await fetch(`${route}?${new URLSearchParams(given)}`);
  if (!reply.ok) throw new Error(`${route}: ${reply.status}`);
  return reply.json();
}

// ---------------------------------------------------------------------- what is looked at

async function refresh() {
  const mine = ++turn;
  const found = await ask("/state", {});
  if (mine !== turn) return;
  state = found;
  document.title = `${state.path.split("/").at(-1)} · sharedsl`;
  byId("path").textContent = state.path;
  if (!state.choices.some((each) => each.name === wish.of)) wish.of = state.choices[0]?.name ?? "";
  options();
  await look();
  await lint();
}

/** What lint says comes after the view: it may take longer. */
async function lint() {
  const { version } = state;
  const found = await ask("/lint", {});
  if (version !== state.version || found.version !== version) return;
  linted = found;
  findings.lint(found.findings, state.path, found.settings);
  code.warn([...mistakes(), ...found.findings]);
  document.body.dataset.linted = String(version);
}

/** Those of the file, and those of what is looked at. */
function mistakes() {
  const known = new Set(state.diagnostics.map((each) => each.rendered));
  return [...state.diagnostics, ...(answer?.diagnostics ?? []).filter((each) => !known.has(each.rendered))];
}

function options() {
  const groups = new Map();
  for (const each of state.choices) {
    const title = each.build ? "builds" : `${each.model} at its default sizes`;
    groups.set(title, [...(groups.get(title) ?? []), each]);
  }
  const text = (each) => (each.build ? each.name : each.plan ? `${each.model} with ${each.plan}` : `${each.model}, no plan`);
  byId("choice").replaceChildren(...[...groups].map(([title, of]) => h("optgroup", { label: title }, of.map((each) => h("option", { value: each.name }, text(each))))));
  byId("choice").value = wish.of;
}

async function look() {
  const mine = ++turn;
  if (!wish.of) return draw(null);
  const found = await ask("/view", { of: wish.of, at: sizes() });
  if (mine === turn) draw(found);
}

function draw(found) {
  answer = found;
  const view = found?.view ?? null;
  const stale = !found || found.stale;
  document.body.classList.toggle("stale", stale);
  document.body.classList.toggle("empty", !view);
  const problems = mistakes();
  findings.mistakes(problems.filter((each) => each.severity === "error"), state.path, view ? (stale ? "below is what the spec last said" : "what is shown could be made all the same") : "there is nothing to show of it");
  code.draw(state.spec, view);
  code.warn([...problems, ...(linted?.version === state.version ? linted.findings : [])]);
  if (view) {
    byId("totals").replaceChildren(...totals(view));
    picture.draw(view);
    budget.draw(view);
    if (wish.show === "plans") compare();
  }
  byId("choice").value = wish.of;
  show(wish.show);
  document.body.dataset.version = String(state.version);
}

async function compare() {
  const model = answer?.view?.model;
  if (!model) return;
  if (!byId("plans").children.length) byId("plans").replaceChildren(h("p.soft", {}, "comparing …"));
  const found = await ask("/plans", { of: model, at: sizes() });
  if (answer?.view?.model === model && found.rows.length) plans(answer.view, found.rows, choose);
}

function choose(name) {
  wish.of = name;
  remember();
  look();
}

function show(name) {
  const changed = wish.show !== name;
  wish.show = name;
  for (const each of TABS) {
    byId(each).hidden = each !== name;
    byId(`tab-${each}`).setAttribute("aria-selected", String(each === name));
    byId(`tab-${each}`).tabIndex = each === name ? 0 : -1;
  }
  if (changed) {
    remember();
    if (name === "plans") compare();
  }
  if (name === "code") code.mark(picture.kept === null ? null : picture.view?.storages[picture.kept]);
}

// ---------------------------------------------------------------------- keys, theme, news

function step(by) {
  const names = state?.choices.map((each) => each.name) ?? [];
  const to = names[names.indexOf(wish.of) + by];
  if (to) choose(to);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select")) return;
  const tab = TABS[Number(event.key) - 1];
  if (tab) { show(tab); byId(`tab-${tab}`).focus(); }
  else if (event.key === "[") step(-1);
  else if (event.key === "]") step(1);
  else if (event.key === "Escape") { picture.letGo(); code.mark(null); }
  else if (event.target.role === "tab" && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
    const to = TABS[(TABS.indexOf(wish.show) + (event.key === "ArrowRight" ? 1 : TABS.length - 1)) % TABS.length];
    show(to);
    byId(`tab-${to}`).focus();
  } else return;
  event.preventDefault();
});
for (const each of TABS) byId(`tab-${each}`).addEventListener("click", () => show(each));
byId("choice").addEventListener("change", (event) => choose(event.target.value));
addEventListener("hashchange", () => { recall(); look(); });

function theme(name) {
  if (name) document.documentElement.dataset.theme = name;
}
function kept() {
  try { return localStorage.getItem("theme"); } catch { return null; }
}
byId("theme").addEventListener("click", () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme ?? (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  theme(next);
  try { localStorage.setItem("theme", next); } catch { /* a browser that keeps nothing */ }
});

function dot(kind, said) {
  byId("live").className = `dot ${kind}`;
  byId("live").setAttribute("aria-label", said);
  byId("live").title = said;
}

theme(kept());
recall();
const news = new EventSource("/events");
news.onopen = () => dot("on", "follows the file");
news.onerror = () => dot("off", "the server has ended; start it again to go on");
news.onmessage = () => refresh().catch((problem) => { dot("off", String(problem)); });
