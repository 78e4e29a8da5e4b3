"""A warehouse over the documented REST contract (`openapi.yaml`)."""
