"""Dashboards: how much crosses, how fast, what fails, per flow and per partner."""
