-- Starts the language server for Phasegate programs, unless `vim.g.phasegate_lsp` is false.
if vim.g.loaded_phasegate or vim.fn.has("nvim-0.7") == 0 then
  return
end
vim.g.loaded_phasegate = true

local phasegate = require("phasegate")

vim.api.nvim_create_user_command("PhasegateInstallParser", function()
  print("the parser is at " .. phasegate.install_parser())
end, { desc = "Compile the tree-sitter parser of Phasegate" })

local group = vim.api.nvim_create_augroup("phasegate", {})

vim.api.nvim_create_autocmd("FileType", {
  group = group,
  pattern = "phasegate",
  callback = function(event)
    phasegate.start_tree(event.buf)
  end,
})

if vim.g.phasegate_lsp == false then
  return
end

phasegate.register_commands()

if vim.lsp.enable then
  vim.lsp.enable("phasegate")
else
  vim.api.nvim_create_autocmd("FileType", {
    group = group,
    pattern = "phasegate",
    callback = function(event)
      phasegate.start(event.buf)
    end,
  })
end
