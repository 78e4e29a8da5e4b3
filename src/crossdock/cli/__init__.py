"""The command line: joins the rooms' commands under `crossdock`; decides nothing."""
