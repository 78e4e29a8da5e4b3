"""A transport management system over the documented REST contract (`openapi.yaml`)."""
