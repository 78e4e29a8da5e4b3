"""The connector for sellers on Amazon."""
