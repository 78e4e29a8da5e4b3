"""A changed landscape tried beside the one that runs: real messages, the users' tests, readers of every schema; delivers and stores nothing."""
