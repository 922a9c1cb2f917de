"""Add families of computed score tables to a folder of shipped ones: ship_scores.py FOLDER TABLE... [--note TEXT]."""

import argparse
import sys

from tfnas.errors import TfnasError
from tfnas.scoring.shipped_tables import ship

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", help="for example data/scores/nats-tss")
parser.add_argument("tables", nargs="+", help="results/{study}/scores/{dataset}.parquet, or {dataset}/{family}.parquet")
parser.add_argument("--note", default="", help="a sentence for the facts, for example about the machine")
parser.add_argument("--anew", action="store_true", help="write files of families that are there already anew, too")
arguments = parser.parse_args()
for table in arguments.tables:
    try:
        written = ship(table, arguments.folder, arguments.note, arguments.anew)
    except TfnasError as error:
        sys.exit(str(error))
    print(*(written or [f"nothing new in {table}"]), sep="\n")
