"""The web beside the hub: pages for people and the REST API, in a process of their own; writes no table of the hub."""
