-- Drives a real Neovim with editors/neovim: luafile neovim.lua with g:job = { root, command, file, treesitter, out }.
-- What came of it is written to `out` as JSON.
local job = vim.g.job
local out = {}

local function done(problem)
  out.problem = problem
  vim.fn.writefile({ vim.fn.json_encode(out) }, job.out)
  vim.cmd('qa!')
end

local function request(method, params)
  for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 10000) or {}) do
    return answer.result
  end
end

local ok, problem = pcall(function()
  vim.opt.runtimepath:append(job.root .. '/editors/neovim')
  local sharedsl = require('sharedsl')
  sharedsl.setup({
    cmd = job.command ~= '' and { job.command, 'lsp' } or false,
    treesitter = job.treesitter,
    on_attach = function(client) out.attached = client.name end,
  })
  vim.cmd('syntax on')
  vim.cmd('edit ' .. job.file)
  out.filetype = vim.bo.filetype
  out.options = { vim.bo.shiftwidth, vim.bo.expandtab, vim.bo.commentstring, vim.bo.indentexpr }
  if job.treesitter then
    out.parser = vim.treesitter.get_captures_at_pos ~= nil
    if out.parser then
      vim.treesitter.get_parser(0):parse()
      out.captures = vim.tbl_map(function(each) return each.capture end, vim.treesitter.get_captures_at_pos(0, 7, 3))
    end
  end
  if job.command == '' then
    return
  end
  assert(vim.wait(10000, function() return out.attached ~= nil end, 20), 'the server is not attached')
  local row = vim.fn.search('layer embed') - 1
  local place = { textDocument = vim.lsp.util.make_text_document_params(), position = { line = row, character = 9 } }
  out.hover = request('textDocument/hover', place)
  out.clean = #vim.diagnostic.get(0, { severity = vim.diagnostic.severity.ERROR })
  local whole = { start = { line = 0, character = 0 }, ['end'] = { line = 30, character = 0 } }
  out.hints = request('textDocument/inlayHint', { textDocument = place.textDocument, range = whole })
  -- the lens "compare plans", run as a user runs it, opens a window with the table
  vim.lsp.codelens.refresh()
  assert(vim.wait(10000, function() return #vim.lsp.codelens.get(0) > 1 end, 20), 'no lenses')
  for _, each in ipairs(vim.lsp.codelens.get(0)) do
    if each.command.title == 'compare plans' then
      vim.fn.cursor(each.range.start.line + 1, 1)
    end
  end
  local windows = #vim.api.nvim_list_wins()
  vim.ui.select = function(lenses, _, chosen)
    for at, each in ipairs(lenses) do
      if vim.inspect(each):find('compare plans') then
        return chosen(each, at)
      end
    end
  end
  vim.lsp.codelens.run()
  assert(vim.wait(10000, function() return #vim.api.nvim_list_wins() > windows end, 20), 'no table')
  for _, each in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(each).relative ~= '' then
      out.table = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(each), 0, -1, false)
    end
  end
  local line = vim.fn.getline(row + 1)
  vim.fn.setline(row + 1, (line:gsub('Embedding', 'Embeding')))
  local errors = function() return vim.diagnostic.get(0, { severity = vim.diagnostic.severity.ERROR }) end
  assert(vim.wait(10000, function() return #errors() > 0 end, 20), 'no diagnostics')
  out.broken = errors()[1].message
  vim.fn.setline(row + 1, line)
  assert(vim.wait(10000, function() return #errors() == 0 end, 20), 'the diagnostics stay')
end)
done(not ok and tostring(problem) or nil)
