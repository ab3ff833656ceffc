// Runs sharedsl on CPython for WebAssembly, as a page in a browser would: node browser.mjs PYODIDE WHEELS SPEC VERB..
// Each VERB is a JSON list of arguments. Prints one JSON object: exit codes, what was printed, files in /out, modules.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";

const [home, wheels, spec, ...verbs] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${home}/pyodide.mjs`));
const bytes = (path) => new Uint8Array(readFileSync(path));

try {
  const python = await loadPyodide({ indexURL: `${home}/` });
  for (const wheel of wheels.split(",")) python.unpackArchive(bytes(wheel), "wheel", { extractDir: "/site" });
  python.FS.mkdirTree("/specs");
  python.FS.writeFile(`/specs/${basename(spec)}`, bytes(spec));
  python.globals.set("verbs", JSON.stringify(verbs.map((verb) => JSON.parse(verb))));
  const told = python.runPython(`
import contextlib, io, json, os, sys
sys.path.insert(0, "/site")
os.chdir("/specs")
os.environ.pop("COLUMNS", None)
from sharedsl.__main__ import main

runs = []
for args in json.loads(verbs):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(args)
    runs.append({"args": args, "code": code, "out": out.getvalue(), "err": err.getvalue()})
files = {}
for here, _, names in os.walk("/out"):
    for name in names:
        with open(os.path.join(here, name), encoding="utf-8") as file:
            files[name] = file.read()
json.dumps({"platform": sys.platform, "runs": runs, "files": files, "modules": sorted(sys.modules)})
`);
  console.log(told);
} catch (problem) {
  console.error(String(problem.message ?? problem).slice(-4000));
  process.exit(1);
}
