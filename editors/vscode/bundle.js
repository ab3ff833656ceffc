// One file of code and the grammar, into dist/: what the extension is made of.
const { copyFileSync, mkdirSync } = require('fs')
const { join } = require('path')
const { buildSync } = require('esbuild')

const dist = join(__dirname, 'dist')
mkdirSync(dist, { recursive: true })
buildSync({
  entryPoints: [join(__dirname, 'extension.js')],
  outfile: join(dist, 'extension.js'),
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node18',
  external: ['vscode'],
})
copyFileSync(join(__dirname, '..', '..', 'grammar', 'sharedsl.tmLanguage.json'), join(dist, 'sharedsl.tmLanguage.json'))
