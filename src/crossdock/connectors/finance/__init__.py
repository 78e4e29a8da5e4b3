"""A finance system other than the ERP: balanced journals out, acknowledgements in, by the contract in `openapi.yaml` or as CSV files."""
