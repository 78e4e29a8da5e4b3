"""The event backbone: what is published is described (AsyncAPI), kept compatible (schemas) and told again (replay)."""
