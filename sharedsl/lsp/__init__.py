"""The language server: `sharedsl.ide` in the words of the Language Server Protocol. Needs pygls (the extra `lsp`)."""
