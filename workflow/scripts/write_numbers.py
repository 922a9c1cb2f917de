"""Write every number that the report prints."""

from tfnas.workflow import job

with job(snakemake) as run:
    from tfnas.reporting.numbers import write_numbers

    write_numbers(
        snakemake.params.study,
        snakemake.input.summary,
        snakemake.input.correlations,
        run.by_dataset(snakemake.input.truths),
        run.by_dataset(snakemake.input.scores),
        run.by_dataset(snakemake.input.batches),
        snakemake.input.quality,
        snakemake.input.pairs,
        snakemake.output.tex,
        run.one(snakemake.input.published),
        run.one(snakemake.input.noise),
        curves_path=snakemake.input.curves,
        prices_path=snakemake.input.prices,
        search_pairs_path=snakemake.input.comparisons,
        regret_path=snakemake.input.regret,
        ranks_path=run.one(snakemake.input.ranks),
        against_path=run.one(snakemake.input.against),
        ensemble_choice_path=run.one(snakemake.input.ensemble_choice),
        leagues_path=run.one(snakemake.input.leagues),
        limits_path=run.one(snakemake.input.limits),
        fronts_path=run.one(snakemake.input.fronts),
        equal_time_path=run.one(snakemake.input.equal_time),
    )
