"""The landscape: a company's integration as reviewed files; loads, lints, compares and explains them, talks to no system."""
