"""The workflows of the hub, each one folder: states, decisions, rules, milestones. Pure: no store, no clock, no connector."""
