"""The canonical data model: business objects and events every system's messages are mapped to; imports nothing of ours."""
