# make report     set up .venv (and LaTeX), run the study of config.yaml, end with report.pdf
# make test       set up .venv, run all tests
# make test-slurm install a Slurm of three nodes (Debian, root), run the tests that need one, remove it
# make benchmark  set up .venv, compare the speed of scoring with straightforward code
# make scores     set up .venv, score all cells of NATS-Bench's space with all proxies, put the tables into data/scores
# Another study:  make report STUDY=studies/nats-tss.yaml
# Options:        make benchmark BENCHMARK="--cells 4"

STUDY ?= config.yaml
SNAKEMAKE = .venv/bin/python -m snakemake
# Puts the report of a study at the root, where that of another study may lie.
COPY = .venv/bin/python -c 'import sys, yaml; from tfnas.workflow import copy_report; \
	copy_report("results/" + yaml.safe_load(open(sys.argv[1]))["study"] + "/report.pdf", "report.pdf")'

# Compiled modules make every job start seconds faster.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: report test test-slurm benchmark scores lint format docs lock setup clean help

report: setup
	@if tools/tex.sh; then \
		$(SNAKEMAKE) --cores all --configfile "$(STUDY)" && $(COPY) "$(STUDY)"; \
	else \
		$(SNAKEMAKE) --cores all --configfile "$(STUDY)" -- tex && \
		echo "Tables, figures and report.tex are in results/; without LaTeX there is no report.pdf." ; \
	fi

test: setup
	@tools/tex.sh || echo "tests of the PDF will be skipped"
	.venv/bin/python -m pytest -n 2 --dist loadfile $(TESTS)

test-slurm: setup
	@tools/tex.sh || echo "the study will end at report.tex"
	timeout --signal=INT --kill-after=300 10000 .venv/bin/python -m pytest -v -s tests/slurm $(TESTS)

benchmark: setup
	.venv/bin/python -m benchmarks.speed $(BENCHMARK)

scores: setup
	$(SNAKEMAKE) --cores all --resources gpu=1 --configfile studies/nats-all.yaml -- scores
	.venv/bin/python tools/ship_scores.py data/scores/nats-tss results/nats-tss/scores*/*.parquet

lint: setup
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m snakefmt --check Snakefile rules
	.venv/bin/python -m mypy src/tfnas
	$(SNAKEMAKE) --lint

format: setup
	.venv/bin/python -m ruff check --fix .
	.venv/bin/python -m ruff format .
	.venv/bin/python -m snakefmt Snakefile rules

docs: setup
	.venv/bin/python -m pytest -q --fix tests/workflow/test_generated.py

lock: setup
	.venv/bin/python -m uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --no-header \
		--no-annotate --upgrade requirements.in --output-file requirements.lock

setup:
	@tools/setup.sh

clean:
	rm -rf results .snakemake .scratch report.pdf report.zip .pytest_cache .ruff_cache .mypy_cache

help:
	@sed -n 's/^# //p' Makefile | head -6
