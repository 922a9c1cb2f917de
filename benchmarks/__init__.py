"""How fast this project scores, measured against straightforward code: ``python -m benchmarks.speed --help``."""
