-- A session as a person has it, without a screen: nvim --headless -u NONE -n -i NONE -c 'luafile test/session.lua'
--
-- PHASEGATE is the program, ROOT the repository, REPORT the file that gets what is wrong, SCRATCH a folder of its own.
-- Runs on Neovim 0.7 and on what is newest; `has` tells what only the newer ones can.

local root = vim.env.ROOT
local report = {}
local checked = 0

vim.g.phasegate_program = vim.env.PHASEGATE
vim.opt.swapfile = false
vim.opt.runtimepath:prepend(vim.env.PLUGIN or (root .. "/editors/neovim"))
vim.opt.runtimepath:append(vim.fn.stdpath("data") .. "/site")
vim.cmd("filetype plugin indent on | syntax on")
vim.cmd("runtime! plugin/phasegate.lua")

local has_enable = vim.lsp.enable ~= nil

local function expect(what, found, wanted)
  checked = checked + 1
  if not vim.deep_equal(found, wanted) then
    table.insert(report, what .. ": " .. vim.inspect(found) .. ", not " .. vim.inspect(wanted))
  end
end

--- Waits until `ready` gives something.
local function eventually(what, ready)
  checked = checked + 1
  local value
  local done = vim.wait(10000, function()
    value = ready()
    return value
  end, 20)
  if not done then
    table.insert(report, what .. ": never")
  end
  return value
end

local function write(name, lines)
  local path = vim.env.SCRATCH .. "/" .. name
  vim.fn.writefile(lines, path)
  return path
end

local function lines()
  return vim.api.nvim_buf_get_lines(0, 0, -1, false)
end

--- Asks the server about the place of `word` in line `line`, `within` columns behind its beginning.
local function ask(method, line, word, within, more)
  local column = vim.fn.getline(line):find(word, 1, true)
  vim.api.nvim_win_set_cursor(0, { line, column - 1 + (within or 0) })
  local client = (vim.lsp.get_clients or vim.lsp.get_active_clients)({ bufnr = 0 })[1]
  local encoding = client and client.offset_encoding or "utf-16"
  local params = vim.lsp.util.make_position_params(0, encoding)
  for key, value in pairs(more or {}) do
    params[key] = value
  end
  for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 10000) or {}) do
    return answer.result, encoding
  end
end

local BROKEN = {
  "use std.exec",
  "",
  "/// It is.",
  "pipeline p {",
  "  phase one {",
  '    step built = exec(["true"]) timeout 1m',
  "    gate { require built.exit_cod == 0 }",
  "  }",
  "  phase two after one { wait   5m }",
  "}",
}

local function diagnostics()
  write("imported.deploy", { "/// How long.", "threshold quick { require 1 < 2 }" })
  vim.cmd("edit " .. write("broken.deploy", BROKEN))
  expect("the file type", vim.bo.filetype, "phasegate")
  expect("comments", vim.bo.commentstring, "// %s")
  local found = eventually("a diagnostic", function()
    local all = vim.diagnostic.get(0)
    return #all > 0 and all
  end)
  found = found or { {} }
  expect("its place", { found[1].lnum, found[1].col }, { 6, 25 })
  expect("its code", found[1].code, "PG108")
end

local function answers()
  local hover = ask("textDocument/hover", 6, "exec", 1)
  expect("hover", hover and vim.inspect(hover.contents):find("exec", 1, true) ~= nil, true)
  local completion = ask("textDocument/completion", 7, "exit_cod", 0)
  local labels = {}
  for _, item in ipairs(completion and (completion.items or completion) or {}) do
    labels[item.label] = true
  end
  expect("completion", labels.exit_code, true)
  local definition = ask("textDocument/definition", 7, "built", 0)
  definition = definition and (definition[1] or definition) or {}
  local range = definition.range or definition.targetSelectionRange or { start = {} }
  expect("definition", range.start.line, 5)
end

local function repairs()
  local line = vim.fn.getline(7):gsub("exit_cod ", "exit_code ")
  vim.fn.setline(7, line)
  eventually("the diagnostic is gone", function()
    return #vim.diagnostic.get(0) == 0
  end)
  local wanted = vim.fn.systemlist({ vim.env.PHASEGATE, "fmt", "-" }, lines())
  expect("fmt has something to do", vim.deep_equal(wanted, lines()), false)
  if vim.lsp.buf.format then
    vim.lsp.buf.format({ timeout_ms = 10000 })
  else
    vim.lsp.buf.formatting_sync({}, 10000)
  end
  expect("formatted", lines(), wanted)
end

--- What the lenses above a pipeline do.
local function commands()
  local buffer = vim.api.nvim_get_current_buf()
  local place = { vim.uri_from_bufnr(0), { line = 5, character = 9 } }
  vim.lsp.commands["phasegate.references"]({ arguments = place }, { bufnr = buffer })
  local found = eventually("references", function()
    local list = vim.fn.getqflist()
    return #list > 0 and list
  end)
  expect("where `built` is used", { #(found or {}), found and found[1].lnum }, { 1, 7 })
  vim.cmd("cclose")
  vim.cmd("silent write")
  vim.lsp.commands["phasegate.plan"]({ arguments = { vim.api.nvim_buf_get_name(buffer), "p" } }, {})
  eventually("the plan, in a terminal", function()
    return table.concat(lines(), "\n"):find("one.built", 1, true)
  end)
  vim.cmd("bwipeout!")
end

local function renames()
  write("names.deploy", { "/// How long a phase waits.", "threshold quick { require 1 < 2 }" })
  vim.cmd("edit " .. write("user.deploy", {
    'use "./names.deploy".{quick}',
    "",
    "/// It is.",
    "pipeline q {",
    "  phase one { gate { require quick } }",
    "}",
  }))
  eventually("the server knows the second file", function()
    return ask("textDocument/hover", 5, "quick", 1)
  end)
  local edit, encoding = ask("textDocument/rename", 5, "quick", 1, { newName = "fast" })
  if edit then
    vim.lsp.util.apply_workspace_edit(edit, encoding)
  end
  expect("renamed here", { vim.fn.getline(1), vim.fn.getline(5) }, {
    'use "./names.deploy".{fast}',
    "  phase one { gate { require fast } }",
  })
  local other = vim.fn.bufnr(vim.env.SCRATCH .. "/names.deploy")
  local renamed = other > 0 and vim.api.nvim_buf_get_lines(other, 1, 2, false)[1]
  expect("renamed in the other file", renamed, "threshold fast { require 1 < 2 }")
end

local function colours()
  vim.cmd("edit! " .. root .. "/pipelines/quickstart.deploy")
  if not (vim.treesitter and vim.treesitter.start) then
    expect("Vim's colours", vim.fn.synIDattr(vim.fn.synID(24, 1, 1), "name"), "phasegateDeclaration")
    return
  end
  vim.cmd("PhasegateInstallParser")
  vim.cmd("edit")
  expect("tree-sitter is on", vim.treesitter.highlighter.active[vim.api.nvim_get_current_buf()] ~= nil, true)
  local row = vim.fn.search("^pipeline quickstart", "nw") - 1
  local parser = vim.treesitter.get_parser(0, "phasegate")
  local tree = parser:parse()[1]
  expect("no ERROR node", tree:root():has_error(), false)
  local captures = {}
  for _, capture in ipairs(vim.treesitter.get_captures_at_pos(0, row, 0)) do
    captures[capture.capture] = true
  end
  expect("the colour of `pipeline`", captures["keyword.function"], true)
  if vim.treesitter.foldexpr then
    expect("folds", vim.treesitter.foldexpr(row + 1):sub(1, 1), ">")
  end
  for _, name in ipairs({ "folds", "indents", "injections", "locals" }) do
    local read = vim.treesitter.query.get or vim.treesitter.get_query
    expect("the query " .. name, pcall(read, "phasegate", name), true)
  end
end

local function stops()
  local function running()
    return (vim.lsp.get_clients or vim.lsp.get_active_clients)()
  end
  eventually("a server for each of the two folders", function()
    return #running() == 2
  end)
  vim.lsp.stop_client(running())
  eventually("the servers end", function()
    return #running() == 0
  end)
end

local ok, fault = xpcall(function()
  diagnostics()
  answers()
  repairs()
  commands()
  renames()
  colours()
  stops()
end, debug.traceback)
if not ok then
  table.insert(report, tostring(fault))
end
local version = vim.version()
local name = string.format("Neovim %d.%d.%d (%s)", version.major, version.minor, version.patch, has_enable and "lsp/" or "older")
table.insert(report, string.format("%s: %d checked, %d wrong", name, checked, #report))
vim.fn.writefile(report, vim.env.REPORT)
vim.cmd(#report == 1 and checked >= 20 and "qall!" or "cquit!")
