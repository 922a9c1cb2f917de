"""The study file: its models, the checks that they cannot express, and what a study consists of."""
