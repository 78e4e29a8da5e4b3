"""The overlay language: declared rules that say where a field comes from, through which exact steps and under which condition.

Used where no Python is wanted: for systems connected by configuration, and for partners that deviate from a standard mapping.
"""
