"""What systems have in common that offer one of the documented REST contracts (`openapi.yaml`): access, answers, signed callbacks, the event feed."""
