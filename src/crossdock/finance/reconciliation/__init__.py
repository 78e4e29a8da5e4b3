"""The daily proof of money: what ledger, gateways, banks, ERP, carriers and finance systems say of the same movements agrees."""
