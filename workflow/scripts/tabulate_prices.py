"""Write the table of prices."""

from tfnas.workflow import job

with job(snakemake):
    from tfnas.reporting.costs import write_price_table

    inputs, params = snakemake.input, snakemake.params
    write_price_table(inputs.prices, params.searches, params.datasets, snakemake.output.table)
