"""Benchmarks: figures as ratios within one run, kept as JSON with commit and machine."""
