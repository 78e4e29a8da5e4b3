"""Events to and from anybody by signed HTTP calls: CloudEvents 1.0 under Standard Webhooks."""
