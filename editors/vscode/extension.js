// Starts `sharedsl lsp` and lets it speak with the editor. All that is known about specs is known there.
const { workspace, window, commands } = require('vscode')
const { LanguageClient } = require('vscode-languageclient/node')
const { command, found } = require('./command')
const { Tables } = require('./tables')

const tables = new Tables()
let client
let output

async function activate(context) {
  output = window.createOutputChannel('sharedsl')
  context.subscriptions.push(
    output,
    workspace.registerTextDocumentContentProvider(tables.scheme, tables),
    commands.registerCommand('sharedsl.restart', restart),
    commands.registerCommand('sharedsl.showOutput', () => output.show()),
    workspace.onDidChangeConfiguration((change) => change.affectsConfiguration('sharedsl.path') && restart()),
  )
  await start()
}

async function start() {
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath
  const path = command(workspace.getConfiguration('sharedsl').get('path'), folder)
  if (!found(path)) return missing(path)
  const files = workspace.createFileSystemWatcher('**/*.sdsl')
  client = new LanguageClient(
    'sharedsl',
    'sharedsl',
    { command: path, args: ['lsp'], options: { cwd: folder } },
    {
      documentSelector: [{ language: 'sharedsl' }],
      outputChannel: output,
      initializationOptions: { ...workspace.getConfiguration('sharedsl'), showsTables: true },
      synchronize: { configurationSection: 'sharedsl', fileEvents: files },
      middleware: {
        executeCommand: async (name, given, next) => tables.show(given.at(-1), await next(name, given)),
      },
    },
  )
  try {
    await client.start()
  } catch (problem) {
    client = undefined
    output.appendLine(String(problem))
    const help = `The sharedsl language server (${path} lsp) did not start.`
    window.showErrorMessage(help, 'Show output').then((choice) => choice && output.show())
  }
}

/** The server is not there: colours and snippets do without it. */
function missing(path) {
  const help = `There is no ${path} to run as the language server. Install it with: pip install 'sharedsl[lsp]'`
  const [settings, again] = ['Open settings', 'Try again']
  output.appendLine(help)
  window.showErrorMessage(help, settings, again).then((choice) => {
    if (choice === settings) commands.executeCommand('workbench.action.openSettings', 'sharedsl.path')
    if (choice === again) restart()
  })
}

async function restart() {
  await deactivate()
  await start()
}

async function deactivate() {
  const running = client
  client = undefined
  await running?.stop()
}

module.exports = { activate, deactivate }
