# Two commands for a newcomer: `make run` and `make test`. The rest is listed by `make help`.
ARGS ?=
BENCH ?=
UMBRA = node bin/umbra.js

.PHONY: help install build run test live bench fuzz p4 proto clean

help:
	@echo "make run    install, build, run the whole loop on the embedded switch  ARGS=\"--once\""
	@echo "make test   install, build, run every test this machine can run"
	@echo "make live   Linux and root: Mininet, failures of real programs, the loop with hosts in namespaces"
	@echo "make bench  every benchmark, as ratios against a peer in the same run  BENCH=\"--json\""
	@echo "make fuzz   a million mutated updates, and packets through every program  ARGS=\"COUNT SEED\""
	@echo "make p4     compile p4/ with p4c-bm2-ss (needs p4c)"
	@echo "make proto  generate src/proto/gen from the .proto files"

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

install: node_modules/.package-lock.json

build: install
	npm run --silent build

run: build
	$(UMBRA) demo $(ARGS)

test: build
	node test/run.mjs $(ARGS)

live: build
	@if /usr/bin/python3 -c 'import mininet.net' 2>/dev/null && command -v mnexec >/dev/null; then \
	  $(UMBRA) mininet topologies/live.json --check; \
	else echo "skipped: Mininet is not installed"; fi
	node test/run.mjs dist/test/live/apps.test.js dist/test/live/linkFaults.test.js --serial -c 1
	$(UMBRA) live $(ARGS)

bench: build
	node dist/test/bench/main.js $(BENCH)

fuzz: build
	node --expose-gc dist/test/fuzz/main.js $(ARGS)

p4:
	node p4/build.mjs $(ARGS)

proto: install
	npm run --silent proto

clean:
	rm -rf dist
