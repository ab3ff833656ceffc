// Loads the bundled extension with a stand-in for the editor and activates it; prints which commands it registered.
const Module = require('module')

const registered = []
const errors = []
const nothing = () => ({ dispose() {} })
const settings = { path: process.argv[3] }

/** Whatever the client asks of an editor that has no files open. */
const stand = (known) =>
  new Proxy(known, {
    get: (of, name) => (name in of ? of[name] : /^[A-Z]/.test(String(name)) ? class {} : nothing),
  })
const channel = { append: (text) => errors.push(text), appendLine: (text) => errors.push(text), show() {}, dispose() {} }
class EventEmitter {
  event = nothing
  fire() {}
  dispose() {}
}
const kind = { append: () => kind }
const editor = stand({
  EventEmitter,
  CodeActionKind: new Proxy({}, { get: () => kind }),
  version: '1.95.0',
  workspace: stand({
    workspaceFolders: undefined,
    textDocuments: [],
    createFileSystemWatcher: () => ({ onDidCreate: nothing, onDidChange: nothing, onDidDelete: nothing, dispose() {} }),
    getConfiguration: () => ({ get: (name) => settings[name] }),
  }),
  window: stand({
    createOutputChannel: () => channel,
    showErrorMessage: (text) => (errors.push(text), Promise.resolve()),
  }),
  commands: stand({ registerCommand: (name) => (registered.push(name), nothing()) }),
  languages: stand({}),
  env: stand({ language: 'en', appName: 'a stand-in' }),
})
const load = Module._load
Module._load = (name, ...rest) => (name === 'vscode' ? editor : load(name, ...rest))

const extension = require(process.argv[2])
extension
  .activate({ subscriptions: [] })
  .then(() => {
    console.log(JSON.stringify({ registered, errors }))
    process.exit(0)
  })
