"""The auditor's page: who did what, when, with before and after."""
