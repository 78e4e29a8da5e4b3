"""The Kafka engine: accepted messages go to a partitioned topic, and whoever the consumer group gives a partition takes them into the ledger."""
