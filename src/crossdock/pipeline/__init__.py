"""The eight steps a message takes, each a small module; joins core, ledger and connectors. Async at the edges only."""
