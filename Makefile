# make demo   the whole study on a small real model, on this machine
# make laptop claims 1 to 5 on four small models, on this machine
# make test   every check and test
# make bench  the speed of every stage beside its target, into docs/speed.md (20 minutes on 2 cores)
# make docs   the parts of docs/ that follow from code, rules and config
# make install builds .venv; the others call it

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SNAKEMAKE := $(BIN)/snakemake
.PHONY: install demo laptop test lint docs bench clean

install: $(VENV)/.installed

$(VENV)/.installed: envs/requirements.txt envs/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Expected Python >= 3.11; found $$($(PYTHON) --version). Hint: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r envs/requirements.txt -c envs/constraints.txt
	@touch $@

demo: install
	$(SNAKEMAKE) --configfile config/demo.yaml --prioritize results/figures/smollm2-135m_null_profile.png
	$(SNAKEMAKE) --configfile config/demo.yaml --report results/report.html --quiet all
	@$(BIN)/python tests/benchmarks/cost_table.py --summary

laptop: install
	$(SNAKEMAKE) --configfile config/laptop.yaml -- claims_of_activations

test: install lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov=workflow_scripts --cov-report=term:skip-covered

docs: install
	$(BIN)/python docs/generate.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check --compact-diff Snakefile rules
	$(BIN)/codespell
	$(SNAKEMAKE) --lint --configfile config/demo.yaml

bench: install
	$(BIN)/python tests/benchmarks/speed_table.py --page docs/speed.md

clean:
	rm -rf results/activations results/phiid_scores results/ablation results/figures results/claims results/prefetch \
	  results/robustness results/trajectory results/run_record.json results/summary.html results/checks.json \
	  results/report.html resources logs benchmarks .snakemake
