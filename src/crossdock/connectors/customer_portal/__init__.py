"""The connector for customers' portals."""
