// Starts `sharedsl lsp` and lets it speak with the editor. All that is known about specs is known there.
const { workspace, window, commands, ViewColumn } = require('vscode')
const { LanguageClient } = require('vscode-languageclient/node')
const { command } = require('./command')

let client
let output

async function activate(context) {
  output = window.createOutputChannel('sharedsl')
  context.subscriptions.push(
    output,
    commands.registerCommand('sharedsl.restart', restart),
    commands.registerCommand('sharedsl.showOutput', () => output.show()),
    workspace.onDidChangeConfiguration((change) => change.affectsConfiguration('sharedsl.path') && restart()),
  )
  await start()
}

async function start() {
  const folder = workspace.workspaceFolders?.[0]?.uri.fsPath
  const path = command(workspace.getConfiguration('sharedsl').get('path'), folder)
  const files = workspace.createFileSystemWatcher('**/*.sdsl')
  client = new LanguageClient(
    'sharedsl',
    'sharedsl',
    { command: path, args: ['lsp'], options: { cwd: folder } },
    {
      documentSelector: [{ language: 'sharedsl' }],
      outputChannel: output,
      initializationOptions: workspace.getConfiguration('sharedsl'),
      synchronize: { configurationSection: 'sharedsl', fileEvents: files },
      middleware: {
        executeCommand: async (name, given, next) => shown(await next(name, given)),
      },
    },
  )
  try {
    await client.start()
  } catch (problem) {
    client = undefined
    output.appendLine(String(problem))
    const help = `The sharedsl language server did not start (${path} lsp). Install it with: pip install 'sharedsl[lsp]'`
    window.showErrorMessage(help, 'Show output').then((choice) => choice && output.show())
  }
}

/** What a command of the server answers in words is opened beside the spec. */
async function shown(answer) {
  if (typeof answer === 'string' && answer) {
    const document = await workspace.openTextDocument({ language: 'markdown', content: answer })
    await window.showTextDocument(document, { viewColumn: ViewColumn.Beside, preview: true, preserveFocus: true })
  }
  return answer
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
