"""The pages of the codes, by subject."""
