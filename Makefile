# The two commands are `make run` and `make test`; each sets up whatever it needs. `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help
export MILLRACE_CACHE ?= $(CURDIR)/.cache
NODE := bin/node24 --disable-warning=ExperimentalWarning

## run: run the example pipeline on real mainnet blocks (CHAIN=dev: on a development chain; ARGS=… for millrace run)
.PHONY: run
run: setup
ifeq ($(CHAIN),dev)
	@exec $(NODE) examples/dev-chain.ts -- bin/millrace run -f examples/dev.yaml --fresh $(ARGS)
else
	@exec bin/millrace run -f examples/pipeline.yaml $(ARGS)
endif

## test: style, types and every test suite; ends with one count
.PHONY: test
test: setup check browser
	@$(NODE) test/run.ts

## check: style and types, and whether the charts' custom resource definitions are those of the source
.PHONY: check
check: setup
	@start=$$SECONDS; $(NODE) node_modules/@biomejs/biome/bin/biome check . \
	  && $(NODE) node_modules/typescript/bin/tsc --noEmit -p tsconfig.json \
	  && $(NODE) test/crds.ts check \
	  && echo "style and types $$((SECONDS - start)) s"

## unit | end-to-end | browser-test | stores | roles | faults: one suite (stores, roles, faults: on real servers)
.PHONY: unit end-to-end browser-test stores roles faults
unit end-to-end stores roles: setup
	@$(NODE) test/run.ts $@
faults: setup
	@$(NODE) test/run.ts faults faults-on-servers
browser-test: setup browser
	@$(NODE) test/run.ts browser

## faults-long: kill -9 at 50 random moments (make faults: 10), and every fault on real servers with freezes of 30 s
.PHONY: faults-long
faults-long: setup
	@MILLRACE_TEST_KILLS=50 MILLRACE_TEST_FAULTS=all $(NODE) test/run.ts faults faults-on-servers

## kube | operator | image: the controller runtime and the operator on a real API server; the image, built and run
## test-operator-full: the operator killed between any two of its writes, for every write
.PHONY: kube operator image test-operator-full
kube operator image: setup
	@$(NODE) test/run.ts $@
test-operator-full: setup
	@MILLRACE_TEST_OPERATOR=full $(NODE) test/run.ts operator

## servers: start Kafka, Cassandra, MariaDB and a MongoDB wire server, print addresses (SERVERS=3: three nodes each of the first two)
## servers-stop: end exactly those
.PHONY: servers servers-stop
servers: setup
	@$(NODE) test/servers/main.ts start
servers-stop: setup
	@$(NODE) test/servers/main.ts stop

## bench: speed and memory of every stage on real servers, beside peers and bare drivers (BENCH='kafka head': only those)
.PHONY: bench
bench: setup
	@$(NODE) test/bench/run.ts $(BENCH)

## format: mend style
.PHONY: format
format: setup
	@$(NODE) node_modules/@biomejs/biome/bin/biome check --write .

## crds: write the custom resource definitions of charts/millrace-crds from the source
.PHONY: crds
crds: setup
	@$(NODE) test/crds.ts write

## docs: write docs/errors.md, docs/columns.md, a page per kind of resource (docs/pipeline.md) and per reason of a condition from the source
.PHONY: docs
docs: setup
	@$(NODE) --input-type=module -e "import { errorsPage } from './src/errors-page.ts'; process.stdout.write(errorsPage())" > docs/errors.md
	@$(NODE) --input-type=module -e "import { columnsPage } from './src/stores/transaction-log/columns-page.ts'; process.stdout.write(columnsPage())" > docs/columns.md
	@$(NODE) --input-type=module -e "import { writeFileSync } from 'node:fs'; import { kindPages } from './src/api/kind-page.ts'; for (const [file, text] of kindPages()) writeFileSync(file, text)"
	@rm -rf docs/reasons && mkdir docs/reasons
	@$(NODE) --input-type=module -e "import { writeFileSync } from 'node:fs'; import { reasonPages } from './src/reasons.ts'; for (const [file, text] of reasonPages()) writeFileSync(file, text)"

## setup: Node 24, packages, pages; does nothing when they are there
.PHONY: setup
setup:
	@bin/setup

# A browser for the tests of the pages: the machine's, else Debian's.
.PHONY: browser
browser:
	@bin/browser >/dev/null

## help: this list
.PHONY: help
help:
	@grep -hE '^## ' $(MAKEFILE_LIST) | sed 's/^## //'
