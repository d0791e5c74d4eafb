"""Kill stages at any moment and feed them damaged files; what must hold is checked after each.

python -m tests.torture.kills --count 1000
python -m tests.torture.mutations --count 10000

Both take `--seed` and `--only`, print their counts, and exit 1 where anything failed.
"""
