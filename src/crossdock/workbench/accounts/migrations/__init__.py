"""Steps of the accounts' tables, in order."""
