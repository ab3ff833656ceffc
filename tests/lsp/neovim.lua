-- Drives the installed server in a headless Neovim. ARG_SPEC is the file, ARG_SERVER the command.
-- Prints what it saw as JSON and leaves with 0; 1 where something did not come.
local spec, server = os.getenv("ARG_SPEC"), os.getenv("ARG_SERVER")
local new = vim.fn.has("nvim-0.10") == 1
local seen = {}

local function run()
  vim.cmd("edit " .. spec)
  vim.bo.filetype = "sharedsl"
  local root = vim.fn.fnamemodify(spec, ":h")
  local id
  if vim.lsp.start then
    id = vim.lsp.start({ name = "sharedsl", cmd = { server, "lsp" }, root_dir = root })
  else
    id = vim.lsp.start_client({ name = "sharedsl", cmd = { server, "lsp" }, root_dir = root })
    vim.lsp.buf_attach_client(0, id)
  end
  assert(vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end, 20), "no diagnostics")
  seen.diagnostics = vim.tbl_map(function(each) return { each.code, each.lnum, each.col } end, vim.diagnostic.get(0))

  local function ask(method, line, column, more)
    local params = { textDocument = vim.lsp.util.make_text_document_params(), position = { line = line, character = column } }
    for key, value in pairs(more or {}) do params[key] = value end
    local answers = vim.lsp.buf_request_sync(0, "textDocument/" .. method, params, 10000)
    for _, each in pairs(answers or {}) do
      assert(not each.error, vim.inspect(each.error))
      return each.result
    end
    error("no answer to " .. method)
  end

  seen.definition = ask("definition", 9, 27).range.start
  seen.symbols = #ask("documentSymbol", 0, 0)

  -- the fix of the mistake, as an edit of the buffer
  vim.api.nvim_buf_set_lines(0, 8, 9, false, { "    x = embed(tokens)" })
  assert(vim.wait(10000, function() return #vim.diagnostic.get(0) == 0 end, 20), "diagnostics stay")
  seen.hover = ask("hover", 6, 9).contents.value

  vim.api.nvim_buf_set_lines(0, 6, 7, false, { "  layer head=Linear( dim,vocab ,bias=false)" })
  if vim.lsp.buf.format then vim.lsp.buf.format({ timeout_ms = 10000 }) else vim.lsp.buf.formatting_sync(nil, 10000) end
  seen.formatted = vim.api.nvim_buf_get_lines(0, 6, 7, false)[1]

  local whole = { range = { start = { line = 0, character = 0 }, ["end"] = { line = 30, character = 0 } } }
  if new then
    vim.lsp.inlay_hint.enable(true, { bufnr = 0 })
    assert(vim.wait(10000, function() return #vim.lsp.inlay_hint.get({ bufnr = 0 }) > 0 end, 20), "no hints")
    seen.hints = vim.tbl_map(function(each) return vim.trim(each.inlay_hint.label) end, vim.lsp.inlay_hint.get({ bufnr = 0 }))
    vim.lsp.codelens.refresh({ bufnr = 0 })
    assert(vim.wait(10000, function() return #vim.lsp.codelens.get(0) > 0 end, 20), "no lenses")
    seen.lenses = #vim.lsp.codelens.get(0)
    local function token() return vim.lsp.semantic_tokens.get_at_pos(0, 3, 6) or {} end
    assert(vim.wait(10000, function() return #token() > 0 end, 20), "no semantic tokens")
    seen.token = token()[1].type
  else
    seen.hints = vim.tbl_map(function(each) return vim.trim(each.label) end, ask("inlayHint", 0, 0, whole))
    seen.lenses = #ask("codeLens", 0, 0)
  end
end

local ok, problem = pcall(run)
io.stdout:write("\n" .. vim.fn.json_encode(ok and seen or { problem = tostring(problem) }) .. "\n")
vim.cmd(ok and "qa!" or "cquit 1")
