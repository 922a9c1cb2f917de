"""From result files to the report: figures, tables, numbers, LaTeX. No module here imports torch."""
