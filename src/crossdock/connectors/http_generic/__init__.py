"""The system nobody has written a connector for: HTTP in and out, configured by YAML only."""
