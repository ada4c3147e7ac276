# The tasks of the project. `make help` lists them; CI runs these and nothing else.

MODULES  := $(shell go list -m -f '{{.Dir}}' 2>/dev/null)
# Released modules that require the library, at a version that is not published yet.
# So they are tidied with a temporary replacement.
NESTED   := cmd/zaqar
# Modules outside of the workspace.
OUTSIDE  := integration bench
# What the real servers run, with requirements of its own. The tags are those of
# integration/servers/lib/ferretdb.sh.
FERRETDB := integration/ferretdb
FERRETDB_TAGS := ferretdb_no_postgresql
# The supported Go releases. Go downloads those that are not installed.
RELEASES := go1.26.8 go1.27.4
# The other supported machines. The library alone also supports js/wasm.
MACHINES := windows/amd64 darwin/arm64 freebsd/amd64 linux/386 linux/arm
BIN      := $(CURDIR)/.bin
LINT     := $(BIN)/golangci-lint

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: test
test: ## run the tests of every module, on the embedded server
	go test work

# The tests with the workspace run on this machine. These run on 386.
.PHONY: alone
alone: ## vet the library without the workspace, as users build it; test it on 386
	GOWORK=off go vet ./...
	GOWORK=off GOARCH=386 CGO_ENABLED=0 go test ./...

# Where `go test work` takes samples, these tests take everything.
.PHONY: releases
releases: ## run the tests of every module, without samples, with every supported Go release
	@for release in $(RELEASES); do echo "test with $$release"; ZAQAR_TEST_COMPLETE=1 GOTOOLCHAIN=$$release go test work || exit 1; done

# go vet would compile the standard library for each machine. Only files for Windows and
# js/wasm are not vetted on Linux already.
.PHONY: machines
machines: ## check every module, with its tests, for every supported machine
	go run ./tools/machines $(MACHINES)
	GOOS=windows GOARCH=amd64 go vet $$(find . -name '*_windows*.go' -exec dirname {} + | sort -u)
	GOOS=js GOARCH=wasm go vet ./...
	GOOS=js GOARCH=wasm go build ./...

.PHONY: race
race: ## run the tests with the race detector
	go test -race -timeout 20m work

.PHONY: lint
lint: $(LINT) ## lint every module
	@for dir in $(MODULES); do echo "lint $$dir"; (cd $$dir && $(LINT) run ./...) || exit 1; done
	@for dir in $(OUTSIDE); do echo "lint $$dir"; (cd $$dir && GOWORK=off $(LINT) run ./...) || exit 1; done
	@echo "lint $(FERRETDB)"; cd $(FERRETDB) && GOWORK=off $(LINT) run --build-tags $(FERRETDB_TAGS) ./...

.PHONY: lint-borders
lint-borders: $(LINT) ## prove the linter's import rules with imports that they must refuse
	go run ./tools/borders $(LINT)

.PHONY: fmt
fmt: $(LINT) ## format every module
	@for dir in $(MODULES) $(OUTSIDE) $(FERRETDB); do (cd $$dir && $(LINT) fmt ./...) || exit 1; done

$(LINT): tools/lint/go.mod
	GOWORK=off GOBIN=$(BIN) go -C tools/lint install tool
	@touch $@

FUZZTIME ?= 20s
.PHONY: fuzz
fuzz: ## run every fuzz target of the library for FUZZTIME
	@for package in $$(GOWORK=off go list ./...); do \
		for target in $$(GOWORK=off go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "fuzz $$package $$target"; \
			GOWORK=off go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package || exit 1; \
		done; done

.PHONY: tidy
tidy: ## tidy every module
	@for dir in . $(OUTSIDE) $(FERRETDB) tools/lint; do (cd $$dir && GOWORK=off go mod tidy) || exit 1; done
	@for dir in $(NESTED); do (cd $$dir && \
		cp go.mod tidy.mod && cp go.sum tidy.sum && \
		go mod edit -replace github.com/zaqar-go/zaqar=$(CURDIR) tidy.mod && \
		GOWORK=off go mod tidy -modfile=tidy.mod && \
		go mod edit -dropreplace github.com/zaqar-go/zaqar tidy.mod && \
		mv tidy.mod go.mod && mv tidy.sum go.sum) || exit 1; done

.PHONY: tidy-check
tidy-check: ## fail if a go.mod or go.sum is not tidy
	@for dir in . $(OUTSIDE) $(FERRETDB); do (cd $$dir && GOWORK=off go mod tidy -diff) || exit 1; done
	@for dir in $(NESTED); do (cd $$dir && \
		trap 'rm -f tidy.mod tidy.sum' EXIT && \
		cp go.mod tidy.mod && cp go.sum tidy.sum && \
		go mod edit -replace github.com/zaqar-go/zaqar=$(CURDIR) tidy.mod && \
		GOWORK=off go mod tidy -diff -modfile=tidy.mod) || exit 1; done

.PHONY: real-up
real-up: ## install and start Redis, Keystone and Zaqar; print their endpoints
	@integration/servers/up

.PHONY: real-down
real-down: ## stop the servers that real-up started
	@integration/servers/down

.PHONY: conformance-real
conformance-real: ## run the conformance suite on the real servers (after real-up)
	cd integration && GOWORK=off go test -count=1 -p 1 -parallel 64 -timeout 20m ./...

.PHONY: bad-days
bad-days: ## run 500 seeded days of faults on driven time, on the embedded server; print a table
	cd integration/badday && GOWORK=off go test -count=1 -timeout 60m -first 1 -days 500

.PHONY: outage
outage: ## ten minutes of restarts and revoked tokens on real servers (after real-up); print a table
	cd integration && GOWORK=off go run ./outage

.PHONY: coverage-table
coverage-table: ## run the suite on every server and rebuild docs/coverage.md (after real-up)
	ZAQAR_RESULTS=$(CURDIR)/docs/coverage go test -count=1 -run 'TheEmbeddedServerConforms(WithItsFeatures)?$$' ./conformance
	cd integration && ZAQAR_RESULTS=$(CURDIR)/docs/coverage GOWORK=off go test -count=1 -parallel 64 -timeout 20m -run Conformance .
	go run ./tools/coverage

.PHONY: performance
performance: ## rebuild the chart and the tables of docs/performance.md from docs/performance.json
	cd bench && GOWORK=off go run . -doc ../docs

.PHONY: performance-check
performance-check: ## test the benchmark, and that the chart and the tables are those of the figures
	cd bench && GOWORK=off go test -count=1 ./...

.PHONY: man
man: ## write the manual pages of the command line to dist/man/man1
	go run ./cmd/zaqar/internal/manpages dist/man/man1

.PHONY: completion
completion: ## complete names in bash, zsh and fish, and render the manual pages
	@integration/completion/run

.PHONY: parity
parity: ## compare zaqar with the openstack messaging commands, on zaqar serve
	@integration/openstack/run parity

.PHONY: pyclient
pyclient: ## run python-zaqarclient against zaqar serve
	@integration/pyclient/run

.PHONY: osc
osc: ## run the openstack messaging commands against zaqar serve
	@integration/openstack/run
