// Which `sharedsl` is run.
const { existsSync } = require('fs')
const { delimiter, isAbsolute, join } = require('path')

const windows = process.platform === 'win32'

/** The setting with `${workspaceFolder}` filled in; a name that is not on the PATH is looked for in the folder's .venv. */
function command(setting, folder) {
  const path = (setting || 'sharedsl').replaceAll('${workspaceFolder}', folder ?? '')
  if (isAbsolute(path) || path.includes('/') || onPath(path) || !folder) return path
  const beside = windows ? join(folder, '.venv', 'Scripts', `${path}.exe`) : join(folder, '.venv', 'bin', path)
  return existsSync(beside) ? beside : path
}

function onPath(name) {
  const endings = windows ? ['.exe', '.cmd', '.bat', ''] : ['']
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((folder) => folder && endings.some((ending) => existsSync(join(folder, name + ending))))
}

/** Whether there is something to run under this name. */
function found(path) {
  return isAbsolute(path) || path.includes('/') ? existsSync(path) : onPath(path)
}

module.exports = { command, found }
