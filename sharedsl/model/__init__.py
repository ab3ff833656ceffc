"""The resolved model, data only: sizes, sites, storages, weight expressions, dataflow."""
