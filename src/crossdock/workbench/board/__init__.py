"""The expectation board, alerts, and the page on what is stuck and what it costs."""
