-- Neovim 0.11 and later read this file when `vim.lsp.enable("phasegate")` is called, which `plugin/phasegate.lua` does.
return require("phasegate").config()
