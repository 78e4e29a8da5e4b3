"""The exception workbench: inbox, detail, actions, edit and replay, fixes in place."""
