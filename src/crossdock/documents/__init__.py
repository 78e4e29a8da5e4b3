"""Business documents as partners write them, to and from canonical objects: pure functions over parsed documents; knows no transport and no hub."""
