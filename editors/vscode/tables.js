// What the server answers as a table is read as one: beside the spec, in the editor's own preview of Markdown.
const { commands, EventEmitter, Uri } = require('vscode')

class Tables {
  constructor() {
    this.scheme = 'sharedsl'
    this.texts = new Map()
    this.changed = new EventEmitter()
    this.onDidChange = this.changed.event
  }

  provideTextDocumentContent(uri) {
    return this.texts.get(uri.path) ?? ''
  }

  /** Shows an answer that is text, and hands every answer on. */
  async show(model, answer) {
    if (typeof answer === 'string' && answer) {
      const uri = Uri.from({ scheme: this.scheme, path: `/Plans of ${model}.md` })
      this.texts.set(uri.path, `## ${model}\n\n${answer}\n`)
      this.changed.fire(uri)
      await commands.executeCommand('markdown.showPreviewToSide', uri)
    }
    return answer
  }
}

module.exports = { Tables }
