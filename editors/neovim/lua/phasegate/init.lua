--- Phasegate in Neovim: the language server, its commands, and the tree-sitter parser.
---
--- Everything here is optional to the rest of the plugin: without the program there are still colours and indentation.
local M = {}

local ROOT_MARKERS = { ".git", ".phasegate" }

--- Said in `vim.g.phasegate_program`, else found on the `PATH`.
function M.program()
  return vim.g.phasegate_program or "phasegate"
end

--- What the server is started with; a table for `vim.lsp.config`, and for `vim.lsp.start` once it has a `root_dir`.
function M.config()
  return {
    name = "phasegate",
    cmd = { M.program(), "lsp" },
    filetypes = { "phasegate" },
    root_markers = ROOT_MARKERS,
  }
end

--- The folder that a buffer's program belongs to.
local function root_of(buffer)
  local folder = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ":p:h")
  local at = folder
  while true do
    for _, marker in ipairs(ROOT_MARKERS) do
      if vim.loop.fs_stat(at .. "/" .. marker) then
        return at
      end
    end
    local above = vim.fn.fnamemodify(at, ":h")
    if above == at then
      return folder
    end
    at = above
  end
end

--- By folder, the client of Neovim 0.7, which does not keep count itself.
local clients = {}

--- Starts the server for a buffer, or joins the one of its folder: Neovim before 0.11.
function M.start(buffer)
  if vim.fn.executable(M.program()) == 0 then
    return
  end
  local root = root_of(buffer)
  local config = M.config()
  config.root_dir = root
  config.root_markers = nil
  config.capabilities = M.capabilities
  if vim.lsp.start then
    vim.lsp.start(config, { bufnr = buffer })
    return
  end
  if not (clients[root] and vim.lsp.get_client_by_id(clients[root])) then
    clients[root] = vim.lsp.start_client(config)
  end
  if clients[root] then
    vim.lsp.buf_attach_client(buffer, clients[root])
  end
end

--- Runs the program in a terminal below.
local function run(arguments)
  vim.cmd("botright 15split | enew")
  local command = { M.program() }
  vim.list_extend(command, arguments)
  vim.fn.termopen(command)
end

--- Shows in the quickfix list where the name at a place is used.
local function show_references(command, context)
  local uri, position = command.arguments[1], command.arguments[2]
  local params = { textDocument = { uri = uri }, position = position, context = { includeDeclaration = false } }
  vim.lsp.buf_request(context.bufnr, "textDocument/references", params, function(_, found, answered)
    local client = vim.lsp.get_client_by_id(answered.client_id)
    local items = vim.lsp.util.locations_to_items(found or {}, client and client.offset_encoding or "utf-16")
    vim.fn.setqflist({}, " ", { title = "References", items = items })
    vim.cmd("botright copen")
  end)
end

--- The commands that the server's lenses name: with the path of the file and the name in it, or with a place.
function M.register_commands()
  vim.lsp.commands["phasegate.plan"] = function(command)
    run({ "plan", command.arguments[1] .. ":" .. command.arguments[2] })
  end
  vim.lsp.commands["phasegate.simulate"] = function(command)
    run({ "simulate", command.arguments[1] .. ":" .. command.arguments[2] })
  end
  vim.lsp.commands["phasegate.test"] = function(command)
    run({ "test", command.arguments[1], "--filter", command.arguments[2] })
  end
  vim.lsp.commands["phasegate.references"] = show_references
end

--- Where the sources of the parser are: beside this plugin in the repository of the language.
local function grammar()
  local here = debug.getinfo(1, "S").source:sub(2)
  return vim.fn.fnamemodify(here, ":p:h:h:h:h") .. "/tree-sitter-phasegate"
end

--- Where `install_parser` puts the parser.
local function installed()
  return vim.fn.stdpath("data") .. "/site/parser/phasegate.so"
end

--- Compiles the tree-sitter parser into the data folder of Neovim. Needs a C compiler and no other tool.
function M.install_parser()
  local source = grammar() .. "/src"
  vim.fn.mkdir(vim.fn.fnamemodify(installed(), ":h"), "p")
  local compiler = vim.env.CC or "cc"
  local command = { compiler, "-shared", "-fPIC", "-O2", "-I", source, source .. "/parser.c", source .. "/scanner.c" }
  vim.list_extend(command, { "-o", installed() })
  local said = vim.fn.system(command)
  if vim.v.shell_error ~= 0 then
    error("the parser does not compile: " .. said)
  end
  return installed()
end

--- Colours and folds of a buffer by tree-sitter, if the parser is there.
function M.start_tree(buffer)
  if not (vim.treesitter and vim.treesitter.start) then
    return
  end
  if #vim.api.nvim_get_runtime_file("parser/phasegate.*", false) == 0 then
    if not vim.loop.fs_stat(installed()) then
      return
    end
    pcall(vim.treesitter.language.add, "phasegate", { path = installed() })
  end
  if pcall(vim.treesitter.start, buffer, "phasegate") and vim.treesitter.foldexpr then
    vim.wo.foldmethod = "expr"
    vim.wo.foldexpr = "v:lua.vim.treesitter.foldexpr()"
  end
end

return M
