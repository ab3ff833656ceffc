// Elements without markup in strings, and numbers as people read them.

/** An element: `h("p.soft", {title: "x"}, "text", child)`. */
export function h(name, properties = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key.startsWith("--")) element.style.setProperty(key, value);
    else if (key in element && typeof value !== "string") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(3).filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** `11.68M`, `22.37G` */
export function short(number) {
  if (number === null || number === undefined) return "–";
  const units = ["", "k", "M", "G", "T", "P", "E"];
  let size = number, at = 0;
  while (Math.abs(size) >= 999.95 && at < units.length - 1) { size /= 1000; at += 1; }
  return at === 0 ? String(number) : size.toFixed(Math.abs(size) >= 100 ? 1 : 2) + units[at];
}

/** `11,683,584` */
export const whole = (number) => (number === null || number === undefined ? "–" : number.toLocaleString("en-US"));

/** `44.6 MiB` */
export function data(number) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let size = number ?? 0, at = 0;
  while (size >= 1023.95 && at < units.length - 1) { size /= 1024; at += 1; }
  return at === 0 ? `${number} B` : `${size.toFixed(1)} ${units[at]}`;
}

export const times = (applied, stored) => (stored ? `${(applied / stored).toFixed(2)}×` : "–");

/** A square in a storage's colour. */
export function swatch(storage) {
  return h(storage.colour ? "i.swatch" : "i.swatch.private", tint(storage));
}

/** The properties that give an element a storage's colour. */
export function tint(storage) {
  return storage.colour ? { "--hue": storage.colour[0], "--shade": storage.colour[1] } : {};
}

export const sizeText = (shape) => (shape.length ? shape.map((each) => whole(each)).join(" × ") : "scalar");
