--- sharedsl for Neovim 0.7 and later: filetype, colours, indentation, and the language server.
---
---   vim.opt.runtimepath:append('/path/to/sharedsl/editors/neovim')
---   require('sharedsl').setup({ cmd = { 'sharedsl', 'lsp' } })
local M = {}

local here = debug.getinfo(1, 'S').source:sub(2)
--- the folder `editors`
local editors = vim.fn.fnamemodify(here, ':p:h:h:h')

local defaults = {
  --- the language server; false: none
  cmd = { 'sharedsl', 'lsp' },
  --- hints beside the text, where Neovim has them (0.10)
  inlay_hints = { shapes = true, parameters = true, sharing = true },
  --- budgets above models and builds
  code_lens = true,
  --- colours by tree-sitter in place of the syntax file (0.9; needs a C compiler once)
  treesitter = false,
  --- what is called when the server is attached: function(client, buffer)
  on_attach = nil,
}

local function root_of(path)
  local from = vim.fn.fnamemodify(path, ':p:h')
  for _, name in ipairs({ 'sharedsl.toml', 'pyproject.toml', '.git' }) do
    local found = vim.fn.findfile(name, from .. ';')
    if found == '' then
      found = vim.fn.finddir(name, from .. ';')
    end
    if found ~= '' then
      return vim.fn.fnamemodify(found, ':p'):gsub('/+$', ''):gsub('/[^/]*$', '')
    end
  end
  return from
end

local function watch_lenses(buffer)
  local group = vim.api.nvim_create_augroup('sharedsl_lens_' .. buffer, { clear = true })
  vim.api.nvim_create_autocmd({ 'BufEnter', 'InsertLeave', 'BufWritePost' }, {
    group = group,
    buffer = buffer,
    callback = function() vim.lsp.codelens.refresh() end,
  })
end

local function attached(options)
  return function(client, buffer)
    local hints = options.inlay_hints
    if hints and vim.lsp.inlay_hint and type(vim.lsp.inlay_hint) == 'table' then
      vim.lsp.inlay_hint.enable(true, { bufnr = buffer })
    end
    if options.code_lens then
      watch_lenses(buffer)
    end
    if options.on_attach then
      options.on_attach(client, buffer)
    end
  end
end

--- "compare plans": the table beside the text, not in the line of messages.
local function compare(command, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  local params = { command = command.command, arguments = command.arguments }
  client.request('workspace/executeCommand', params, function(problem, table)
    if problem or type(table) ~= 'string' then
      return
    end
    local lines = vim.split(table, '\n')
    local wide = 0
    for _, line in ipairs(lines) do
      wide = math.max(wide, vim.fn.strdisplaywidth(line))
    end
    vim.lsp.util.open_floating_preview(lines, '', { border = 'rounded', wrap = false, width = wide, focus_id = 'sharedsl' })
  end, context.bufnr)
end

--- The server's id for each root, for a Neovim that has no `vim.lsp.start`.
local running = {}

local function start(options, buffer)
  local settings = {
    sharedsl = {
      inlayHints = options.inlay_hints or { shapes = false, parameters = false, sharing = false },
      codeLens = options.code_lens,
    },
  }
  local config = {
    name = 'sharedsl',
    cmd = options.cmd,
    root_dir = root_of(vim.api.nvim_buf_get_name(buffer)),
    init_options = vim.tbl_extend('force', settings.sharedsl, { showsTables = true }),
    commands = { ['sharedsl.comparePlans'] = compare },
    settings = settings,
    on_attach = attached(options),
    capabilities = options.capabilities,
  }
  if vim.lsp.start then
    return vim.lsp.start(config, { bufnr = buffer })
  end
  local id = running[config.root_dir]
  if id == nil or vim.lsp.get_client_by_id(id) == nil then
    id = vim.lsp.start_client(config)
    running[config.root_dir] = id
  end
  vim.lsp.buf_attach_client(buffer, id)
  return id
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read('*a')
  file:close()
  return text
end

--- Compiles the tree-sitter parser, if that was not done, and gives Neovim its queries. Whether it could.
function M.add_parser()
  if not (vim.treesitter.language and vim.treesitter.language.add) then
    return false
  end
  local grammar = vim.fn.fnamemodify(editors, ':h') .. '/grammar/tree-sitter'
  local source = grammar .. '/src/'
  local library = vim.fn.stdpath('data') .. '/site/parser/sharedsl.so'
  if vim.fn.getftime(library) < vim.fn.getftime(source .. 'parser.c') then
    vim.fn.mkdir(vim.fn.fnamemodify(library, ':h'), 'p')
    local compiler = os.getenv('CC') or 'cc'
    vim.fn.system({
      compiler, '-shared', '-fPIC', '-O2', '-I' .. source, source .. 'parser.c', source .. 'scanner.c', '-o', library,
    })
    if vim.v.shell_error ~= 0 then
      return false
    end
  end
  vim.treesitter.language.add('sharedsl', { path = library })
  for _, name in ipairs({ 'highlights', 'folds', 'locals', 'injections', 'indents' }) do
    vim.treesitter.query.set('sharedsl', name, read(grammar .. '/queries/' .. name .. '.scm'))
  end
  return true
end

function M.setup(given)
  local options = vim.tbl_deep_extend('force', defaults, given or {})
  vim.opt.runtimepath:append(editors .. '/vim')
  local group = vim.api.nvim_create_augroup('sharedsl', { clear = true })
  vim.api.nvim_create_autocmd({ 'BufRead', 'BufNewFile' }, {
    group = group,
    pattern = '*.sdsl',
    callback = function() vim.bo.filetype = 'sharedsl' end,
  })
  local has_parser = options.treesitter and M.add_parser()
  vim.api.nvim_create_autocmd('FileType', {
    group = group,
    pattern = 'sharedsl',
    callback = function(event)
      local buffer = event.buf
      if has_parser then
        vim.treesitter.start(buffer, 'sharedsl')
      end
      if options.cmd and vim.fn.executable(options.cmd[1]) == 1 then
        start(options, buffer)
      end
    end,
  })
end

return M
