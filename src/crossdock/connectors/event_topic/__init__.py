"""Events to and from topics of a Kafka broker: CloudEvents 1.0 in the Kafka protocol binding."""
