# The manual of this repository: `make` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PY := .venv/bin/python
UNIT := --ignore=tests/e2e --ignore=tests/bench -m "not served"

.PHONY: help run test unit coverage browser attacks bench mutants check format lock migration shots clean

help: ## What there is
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

run: ## The portal with a demo practice at http://localhost:3000 (Python 3.11+ is all it needs)
	@sh scripts/run.sh

test: ## Rules, services on SQLite and PostgreSQL, attacks, the main journeys in a browser (the rest: make browser)
	@sh scripts/test.sh

unit: ## The tests without a browser; make unit ARGS="-k refund"
	@sh scripts/venv.sh dev
	@$(PY) -m pytest $(UNIT) -n 2 $(ARGS)

coverage: ## Which lines the tests without a browser reach; takes half as long again as make unit
	@sh scripts/venv.sh dev
	@$(PY) -m pytest $(UNIT) -n 2 --cov --cov-report=term:skip-covered $(ARGS)

browser: ## Only the tests in a browser; make browser ARGS="-k maria"
	@sh scripts/venv.sh dev
	@PORTAL_MODE=demo $(PY) scripts/build.py
	@PORTAL_MODE=demo PORTAL_LANGUAGES="es en" REFLEX_WEB_WORKDIR=build/web-es-en $(PY) scripts/build.py
	@PORTAL_MODE=demo PORTAL_LANGUAGES=es REFLEX_WEB_WORKDIR=build/web-es $(PY) scripts/build.py
	@$(PY) -m pytest tests/e2e $(ARGS)

attacks: ## Attacks on the portal as it is served: every handler by the wire, takeovers, floods
	@sh scripts/venv.sh dev
	@PORTAL_MODE=demo $(PY) scripts/build.py
	@$(PY) -m pytest tests/attacks tests/commands -m "served or attack" $(ARGS)

bench: ## What is measured: events, imports, large accounts, statements; 50 kills of a paying load (docs/measurements.md)
	@sh scripts/venv.sh dev
	@$(PY) -m tests.bench.bench_events
	@$(PY) -m tests.bench.bench_import
	@$(PY) -m tests.bench.bench_billing
	@$(PY) -m tests.bench.bench_autopay
	@$(PY) -m tests.bench.bench_memberships
	@$(PY) -m tests.bench.bench_pages_meanwhile
	@$(PY) -m pytest -s tests/bench/bench_large_account.py tests/bench/bench_statements.py tests/bench/bench_agreement_copies.py tests/bench/bench_forms.py
	@PORTAL_KILLS=50 PORTAL_THREADS_SECONDS=30 PORTAL_MACHINE_EXAMPLES=300 $(PY) -m pytest tests/services/billing/test_kills.py tests/services/billing/test_threads.py tests/services/billing/test_state_machine.py tests/services/memberships/test_billing_at_once.py tests/services/agreements/copies/test_kills.py

mutants: ## Break the rules and services a little, 50 times, and see which test notices; make mutants ARGS="--most 10 --seed 3"
	@sh scripts/venv.sh dev
	@nice $(PY) scripts/mutants.py $(ARGS)

check: ## Format, lint, types, rules of the house; under 30 seconds
	@sh scripts/venv.sh dev
	@sh scripts/check.sh

format: ## Put the code in order
	@sh scripts/venv.sh dev
	@$(PY) -m ruff format . && $(PY) -m ruff check --fix .

lock: ## Pin what the requirements bring along, with hashes; make lock ARGS=--upgrade takes newer versions
	@sh scripts/lock.sh $(ARGS)

migration: ## A new migration from the tables; make migration m="say what changes"
	@sh scripts/venv.sh dev
	@PYTHONPATH=. PORTAL_MODE=demo $(PY) scripts/migration.py "$(m)"

shots: ## The pictures of the README
	@sh scripts/venv.sh dev
	@PORTAL_MODE=demo $(PY) scripts/build.py
	@$(PY) -m pytest tests/e2e/pages/test_shots.py --shots

clean: ## Remove everything that was made here, the demo's data too; a practice's data folder stays
	@rm -rf .venv .web .states build demo-data .pytest_cache .ruff_cache .hypothesis .coverage
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
