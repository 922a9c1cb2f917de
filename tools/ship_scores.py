"""Add computed score tables to a folder of shipped ones: ship_scores.py FOLDER TABLE... [--note TEXT]."""

import argparse
import sys

from tfnas.errors import TfnasError
from tfnas.shipped import ship

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("folder", help="for example data/scores/nats-tss")
parser.add_argument("tables", nargs="+", help="results/{study}/scores/{dataset}.csv, or {dataset}/{family}.csv")
parser.add_argument("--note", default="", help="a sentence for the facts, for example about the machine")
arguments = parser.parse_args()
for table in arguments.tables:
    try:
        print(ship(table, arguments.folder, arguments.note))
    except TfnasError as error:
        sys.exit(str(error))
