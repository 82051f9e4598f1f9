# What a person runs. PY is the interpreter with `pip install -e '.[test]'`.
PY ?= python

.PHONY: check lint test prove mutants replay accept bench docs zoo imported lock

check: lint  ## on every save: format, lint, types, and the fast tests without torch
	$(PY) -m pytest -n auto -m "not torch and not slow"

lint:
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m archgen check --strict specs

test:  ## everything
	$(PY) -m pytest -n auto

prove:  ## the full count of every sweep, into docs/PROOFS.md: hours; a second run goes on
	$(PY) -m pytest -n auto --prove

mutants:  ## how many of 150 changes in the code the tests notice; goes on where it stopped
	$(PY) -m tests.mutation

AGAINST ?= HEAD
replay:  ## what a change of the code changes in what archgen writes, beside `make replay AGAINST=main`
	$(PY) -m tests.replay --against $(AGAINST)

accept:  ## rewrite the golden files; read the diff before you commit it
	$(PY) -m pytest -n auto --accept

lock:  ## the dependencies of the GitHub action, with hashes (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --upgrade --quiet -o action/requirements.txt

docs:  ## rewrite what is generated: layer reference, TextMate grammar, tables and pictures
	$(PY) -c "from archgen.backends.reference import layer_reference as text; print(text(), end='')" > docs/layers.md
	$(PY) -c "from archgen.highlighting.textmate import grammar_text as text; print(text(), end='')" > grammar/archgen.tmLanguage.json
	$(PY) docs/blocks.py
	$(PY) docs/tables.py
	$(PY) docs/pictures.py
	$(PY) docs/zoo.py

zoo:  ## the same for docs/ZOO.md, after running every comparison with torchvision and papers
	$(PY) docs/zoo.py --run

imported:  ## docs/IMPORTED.md: networks of torchvision as specs, after importing those without a result
	$(PY) docs/imported.py --run

bench:  ## speed and size against peers, in one run
	$(PY) benchmarks/run.py
