// Visual Studio Code's own client layer, speaking with a language server: node client.js COMMAND FILE.
// Prints what came of it as JSON.
const { spawn } = require('child_process')
const { readFileSync } = require('fs')
const { pathToFileURL } = require('url')
const {
  createProtocolConnection, DidChangeTextDocumentNotification, DidOpenTextDocumentNotification, ExitNotification,
  HoverRequest, InitializedNotification, InitializeRequest, InlayHintRequest, PublishDiagnosticsNotification,
  ShutdownRequest, StreamMessageReader, StreamMessageWriter,
} = require('vscode-languageserver-protocol/node')

async function main([command, file]) {
  const server = spawn(command, ['lsp'], { stdio: ['pipe', 'pipe', 'inherit'] })
  const connection = createProtocolConnection(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin))
  const waiting = []
  const published = []
  connection.onNotification(PublishDiagnosticsNotification.type, (each) => {
    published.push(each)
    waiting.shift()?.(each)
  })
  const messages = []
  connection.onNotification('window/showMessage', (each) => messages.push(each))
  connection.onUnhandledNotification(() => {})
  connection.onRequest('client/registerCapability', () => null)
  connection.onRequest('workspace/configuration', ({ items }) => items.map(() => null))
  connection.onRequest('workspace/inlayHint/refresh', () => null)
  connection.onRequest('workspace/codeLens/refresh', () => null)
  connection.onRequest('workspace/semanticTokens/refresh', () => null)
  const next = () => new Promise((done) => (published.length ? done(published.pop()) : waiting.push(done)))
  connection.listen()

  const started = await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid, rootUri: null, workspaceFolders: null, initializationOptions: { showsTables: true },
    capabilities: { textDocument: { hover: { contentFormat: ['markdown'] }, inlayHint: {}, publishDiagnostics: {} } },
  })
  await connection.sendNotification(InitializedNotification.type, {})
  const uri = pathToFileURL(file).href
  const text = readFileSync(file, 'utf8')
  await connection.sendNotification(DidOpenTextDocumentNotification.type, {
    textDocument: { uri, languageId: 'sharedsl', version: 1, text },
  })
  const clean = await next()
  const lines = text.split('\n')
  const row = lines.findIndex((line) => line.includes('layer embed'))
  const textDocument = { uri }
  const hover = await connection.sendRequest(HoverRequest.type, {
    textDocument, position: { line: row, character: lines[row].indexOf('embed') + 1 },
  })
  const hints = await connection.sendRequest(InlayHintRequest.type, {
    textDocument, range: { start: { line: 0, character: 0 }, end: { line: lines.length, character: 0 } },
  })
  const lenses = await connection.sendRequest('textDocument/codeLens', { textDocument })
  const { command: name, arguments: given } = lenses.find((each) => each.command.title === 'compare plans').command
  const table = await connection.sendRequest('workspace/executeCommand', { command: name, arguments: given })
  await connection.sendNotification(DidChangeTextDocumentNotification.type, {
    textDocument: { uri, version: 2 },
    contentChanges: [{ text: text.replace('Embedding(', 'Embeding(') }],
  })
  let broken = await next()
  while (!broken.diagnostics.length) broken = await next()
  await connection.sendRequest(ShutdownRequest.type)
  await connection.sendNotification(ExitNotification.type)
  console.log(JSON.stringify({ capabilities: started.capabilities, clean, hover, hints, table, messages, broken }))
  process.exit(0)
}

main(process.argv.slice(2)).catch((problem) => {
  console.error(problem)
  process.exit(1)
})
