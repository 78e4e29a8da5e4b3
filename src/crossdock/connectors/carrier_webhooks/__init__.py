"""What carriers and tracking services push: signed webhooks of UPS, FedEx, DHL, EasyPost and Shippo become milestones and proofs of delivery."""
