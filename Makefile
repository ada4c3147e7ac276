# Tasks of the project; `make help` lists them. CI runs these and nothing else.

MODULES := $(shell go list -m -f '{{.Dir}}' 2>/dev/null)
# Modules that are released and require the library, at a version that is not
# published yet: they are tidied with a replacement that is not kept.
NESTED  := cmd/zaqar
# integration/ is a module outside the workspace.
OUTSIDE := integration
# What the real servers run, with requirements of its own. The tags are those of
# integration/servers/lib/ferretdb.sh.
FERRETDB      := integration/ferretdb
FERRETDB_TAGS := ferretdb_no_postgresql
BIN     := $(CURDIR)/.bin
LINT    := $(BIN)/golangci-lint

.DEFAULT_GOAL := help

.PHONY: help
help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: test
test: ## run the tests of every module, on the embedded server
	go test work

.PHONY: alone
alone: ## test the library without the workspace, as its users build it
	GOWORK=off go vet ./...
	GOWORK=off go test ./...

.PHONY: race
race: ## run the tests with the race detector
	go test -race -timeout 20m work

.PHONY: lint
lint: $(LINT) ## lint every module
	@for dir in $(MODULES); do echo "lint $$dir"; (cd $$dir && $(LINT) run ./...) || exit 1; done
	@for dir in $(OUTSIDE); do echo "lint $$dir"; (cd $$dir && GOWORK=off $(LINT) run ./...) || exit 1; done
	@echo "lint $(FERRETDB)"; cd $(FERRETDB) && GOWORK=off $(LINT) run --build-tags $(FERRETDB_TAGS) ./...

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
tidy-check: ## fail when a go.mod or go.sum is not tidy
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
real-down: ## stop what real-up started
	@integration/servers/down

.PHONY: conformance-real
conformance-real: ## hold the real servers to the suite (after real-up)
	cd integration && GOWORK=off go test -count=1 -p 1 -parallel 64 -timeout 20m ./...

.PHONY: coverage-table
coverage-table: ## rebuild docs/coverage.md: run the suite on every server (after real-up)
	ZAQAR_RESULTS=$(CURDIR)/docs/coverage go test -count=1 -run 'TheEmbeddedServerConforms(WithItsFeatures)?$$' ./conformance
	cd integration && ZAQAR_RESULTS=$(CURDIR)/docs/coverage GOWORK=off go test -count=1 -parallel 64 -timeout 20m -run Conformance .
	go run ./tools/coverage

.PHONY: pyclient
pyclient: ## run the calls of python-zaqarclient against zaqar serve
	@integration/pyclient/run

.PHONY: osc
osc: ## run the commands of openstack messaging against zaqar serve
	@integration/openstack/run
