# Everything a person runs. `make up` and `make test` each work on a fresh machine; what they install stays in .venv.
BIN := .venv/bin
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" npm
PAGE := dashboard/dist/index.html
ROUNDS := $(addprefix tests/,system/test_chaos.py system/test_chaos_influx.py ingest/test_redelivery.py)
SOURCES := zenata sandbox ingest simulators api client tests benchmarks scripts examples docs/snippets

# Kept bytecode saves every program that tests start a third of its start, also where the environment forbids it.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: page screenshots help up check test lint soak bench findings docs city plots challenges lock clean

help:  ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /make \1\t/' | expand -t 14

up: .venv/.runtime $(PAGE)  ## Install and run the city (ARGS="--http-port 9000" passes options)
	@$(BIN)/zenata up $(ARGS)

test: .venv/.dev .venv/.spectral .venv/.clients $(PAGE)  ## Install and run all tests (ARGS="-k senml" passes options)
	@scripts/system-packages mosquitto mosquitto-clients curl influxdb postgresql chromium
	@$(NPM) test --prefix dashboard --silent
	@$(BIN)/python -m compileall -q $(SOURCES)
	@$(BIN)/python scripts/run_tests.py -n auto --max-worker-restart 0 --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/.dev  ## Check format and types, and run the fast tests of what changed (for between edits, under a minute)
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -n auto --dist loadfile -q -m "not slow" $(or $(ARGS),$(shell $(BIN)/python scripts/changed_tests.py))

lint: .venv/.dev dashboard/node_modules/.package-lock.json  ## Check style, types, layers, lengths of files, and what is known of our dependencies
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python scripts/architecture.py --check
	@$(BIN)/python scripts/audit.py
	@$(BIN)/python scripts/openapi.py > dashboard/node_modules/.openapi.json
	@$(NPM) run types --prefix dashboard --silent
	@$(NPM) run check --prefix dashboard --silent

soak: .venv/.dev $(PAGE)  ## Run what `make test` leaves out, and kill, stop and fill the city again and again (ZENATA_SOAK_ROUNDS=200 for the whole, hours)
	@scripts/system-packages mosquitto mosquitto-clients curl influxdb postgresql chromium nginx-light
	@$(BIN)/python -m pytest -s -m soak $(ARGS)
	@rounds=$${ZENATA_SOAK_ROUNDS:-20}; ZENATA_CHAOS_ROUNDS=$$rounds ZENATA_INGEST_KILLS=$$rounds \
	    $(BIN)/python -m pytest -s -m "soak or not soak" $(ROUNDS) $(ARGS)
	@ZENATA_EXAMPLES=500 $(BIN)/python -m pytest -n auto -m hypothesis $(ARGS)

bench: .venv/.dev $(PAGE)  ## Measure, beside a bare baseline (ARGS="store ingest" chooses)
	@scripts/system-packages mosquitto influxdb chromium
	@$(BIN)/python -m benchmarks $(ARGS)

findings:  ## Run what we found out about libraries and formats (each installs pinned packages into a temporary folder)
	@findings/run $(ARGS)

docs: .venv/.dev  ## Draw docs/architecture.md from the imports
	@$(BIN)/python scripts/architecture.py

city: .venv/.dev  ## Generate the city pack of Zenata anew
	@$(BIN)/python scripts/generate_city.py

page: $(PAGE)  ## Build the page (dashboard/)

screenshots: .venv/.dev $(PAGE)  ## Draw docs/screenshots anew, from a city that it starts (ARGS="city --every FOLDER" chooses)
	@scripts/system-packages chromium
	@$(BIN)/python -m scripts.screenshots $(ARGS)

plots: .venv/.dev  ## Draw docs/physics anew, and write the table of the year (ARGS="water year" chooses)
	@$(BIN)/python -m scripts.plot_physics $(ARGS)

challenges: .venv/.dev  ## Play every challenge with simple policies, and write docs/challenges.md (ARGS="--seeds 5 leak-detection")
	@$(BIN)/python -m scripts.challenges $(ARGS)

lock:  ## Lock the newest versions that pyproject.toml allows (needs uv)
	@uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    pyproject.toml --group build -o requirements/runtime.txt
	@uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    pyproject.toml --group dev -c requirements/runtime.txt -o requirements/dev.txt

clean:  ## Remove what was installed and built (the city's data in .zenata stay)
	@rm -rf .venv scripts/spectral/node_modules scripts/clients/node_modules dashboard/node_modules dashboard/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/.runtime: requirements/runtime.txt pyproject.toml scripts/install
	@scripts/install runtime

.venv/.spectral: scripts/spectral/package-lock.json .venv/.dev
	@$(BIN)/npm ci --prefix scripts/spectral --ignore-scripts --no-audit --no-fund --silent
	@touch $@

.venv/.clients: scripts/clients/package-lock.json .venv/.dev
	@$(BIN)/npm ci --prefix scripts/clients --ignore-scripts --no-audit --no-fund --silent
	@touch $@

dashboard/node_modules/.package-lock.json: dashboard/package-lock.json | .venv/.runtime
	@$(NPM) ci --prefix dashboard --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(PAGE): $(shell find dashboard/src dashboard/public dashboard/scripts -type f -not -name schema.d.ts) $(wildcard dashboard/*.*) dashboard/node_modules/.package-lock.json
	@$(NPM) run build --prefix dashboard --silent

.venv/.dev: requirements/dev.txt pyproject.toml scripts/install
	@scripts/install dev
