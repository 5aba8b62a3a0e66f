# make demo and make test are all a newcomer needs; the rest is for those who work on rtcship.
.DEFAULT_GOAL := help

CACHE        ?= $(HOME)/.cache/rtcship
LINT_VERSION := v2.15.0
LINT         := $(CACHE)/tools/golangci-lint-$(LINT_VERSION)
VERSION      ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS      := -s -w -X main.version=$(VERSION)

.PHONY: help
help: ## what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## bin/rtcship, a static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/rtcship ./cmd/rtcship

.PHONY: demo
demo: build ## everything on this machine with nothing set up
	bin/rtcship demo

.PHONY: look
look: build ## the demo into a real store, with a page in the browser where its logs can be searched
	@cd e2e && go run ./look

.PHONY: test
test: fmt vet lint unit otelcol fuzz-short e2e chart-test ## all that a change must pass; what .ci/run calls

.PHONY: fmt
fmt: ## fails when gofmt would change a file
	@files=$$(git ls-files '*.go' | xargs gofmt -l); test -z "$$files" || { echo "gofmt would change:"; echo "$$files"; exit 1; }

.PHONY: vet
vet: ## go vet
	go vet ./...

.PHONY: lint
lint: $(LINT) ## golangci-lint with .golangci.yml: import directions, comments, errors
	$(LINT) run ./...

$(LINT):
	@echo "building golangci-lint $(LINT_VERSION) once, about a minute …"
	GOBIN=$(CACHE)/tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	mv $(CACHE)/tools/golangci-lint $@

# Of the tests of one package. It ends what hangs, on a machine that has much else to do, too.
TIMEOUT = 60m

# What internal/linear measures is processor time, and the race detector takes most of it.
.PHONY: unit
unit: ## go test -race at the root: no network, no root, some minutes
	go test -race -timeout $(TIMEOUT) $$(go list ./... | grep -v internal/linear)
	go test -timeout $(TIMEOUT) ./internal/linear

.PHONY: otelcol
otelcol: $(LINT) ## the receivers for the OpenTelemetry Collector: vet, lint, go test -race
	cd otelcol && go vet ./... && $(LINT) run ./... && go test -race -timeout $(TIMEOUT) ./...

# Each target has its turn for FUZZTIME, on two cores at most. Findings are written to testdata/fuzz, where every go test tries them again.
FUZZTIME ?= 2m
FUZZ     := go test -run '^$$' -parallel 2 -fuzzminimizetime 10s
OWN_MOD  := $(patsubst %go.mod,^%,$(shell git ls-files '*/go.mod'))

# The go command may report the end of a target's time as a failure, without an input that fails.
FUZZ_ENDED := { echo "$$out" | grep -q '^ *context deadline exceeded$$' && ! echo "$$out" | grep -q -e 'testdata/fuzz' -e 'seed corpus' -e panic; }

.PHONY: fuzz
fuzz: ## fuzz every target for FUZZTIME (2m; about an hour in all)
	@$(MAKE) -s fuzz-list | while read -r dir name; do \
		echo "$$dir $$name"; \
		out=$$($(FUZZ) -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) "./$$dir" 2>&1) || $(FUZZ_ENDED) || { echo "$$out"; exit 1; }; \
	done

.PHONY: fuzz-short
fuzz-short: ## fuzz every target for a second, about a minute in all
	@$(MAKE) -s fuzz FUZZTIME=1s

.PHONY: fuzz-lines
fuzz-lines: ## an hour for what reads what others write: masking, reports, headers, frames
	@$(MAKE) -s fuzz FUZZTIME=4m FUZZ_IN='convert/redact\|convert/syslog\|tailer/syslog\|FuzzHeaders\|FuzzMask\|FuzzReports\|FuzzConsole\|FuzzTerm'

# FUZZ_IN is a regular expression for the targets that are meant.
FUZZ_IN ?= .

.PHONY: fuzz-list
fuzz-list: ## the fuzz targets of the root module, each with its directory
	@git ls-files '*_test.go' | grep -v $(OWN_MOD:%=-e '%') -e '/testdata/' | xargs grep -oH '^func Fuzz[A-Za-z0-9_]*' | sed 's|/[^/]*:func | |' | grep -e '$(FUZZ_IN)'

.PHONY: e2e
e2e: ## against the real OpenTelemetry Collector, built once into the cache
	$(MAKE) -C e2e e2e

E2E := attack rotation otelcol syslog delivery fleet erlang loki victorialogs calls elastic page k8s
.PHONY: $(E2E:%=e2e-%)
$(E2E:%=e2e-%): ## against other real parts: see docs/testing.md
	$(MAKE) -C e2e $@

.PHONY: man
man: ## dist/man/, a man page for each command
	MAN_DIR=$(CURDIR)/dist/man go test ./cmd/rtcship -run TestManPages -count=1

.PHONY: chart-test
chart-test: ## what the Helm chart renders and refuses, what its policies do to pods, what its alerts fire on
	$(MAKE) -C charts chart-test

.PHONY: lint-queries
lint-queries: ## each LogQL expression of dashboards and rules, parsed with Grafana's grammar; needs Node.js
	$(MAKE) -C charts lint-queries

.PHONY: chart
chart: ## the chart's schema, README, golden renders, and manifests/
	$(MAKE) -C charts chart

.PHONY: chart-package
chart-package: ## the chart packaged, signed, and released to a registry on loopback, with Helm 3 and 4
	$(MAKE) -C e2e e2e-chart

.PHONY: notice
notice: ## THIRD_PARTY anew: what the program is linked with, and its licences
	cd packages && go run ./notice

.PHONY: sbom
sbom: ## dist/rtcship.cdx.json: what the program is made of, as CycloneDX
	@mkdir -p dist
	go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.9.0 app -json -licenses -std -main cmd/rtcship -output dist/rtcship.cdx.json .

.PHONY: vuln
vuln: ## known vulnerabilities in what the program calls; needs vuln.go.dev, or GOVULNDB=file:///… with a copy of it
	@for m in . otelcol; do (cd $$m && go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 $(if $(GOVULNDB),-db $(GOVULNDB)) ./...) || exit 1; done

.PHONY: packages
packages: man ## dist/*.deb and dist/*.rpm, for amd64 and arm64
	cd packages && go run . -version $(VERSION) -date $(shell git log -1 --format=%ct)

DEBIAN := $(CACHE)/debian-bookworm

.PHONY: packages-test
packages-test: man $(DEBIAN) ## installs, runs, upgrades, removes a package in a chroot; needs root, debootstrap, lintian, rpm
	cd packages && RTCSHIP_DEBIAN=$(DEBIAN) go test -count=1 ./...

$(DEBIAN):
	debootstrap --variant=minbase bookworm $@.new http://deb.debian.org/debian
	mv $@.new $@

.PHONY: reproducible
reproducible: ## builds program and image twice, in two places, and compares the bytes
	images/reproducible.sh

.PHONY: image
image: ## dist/rtcship-image.tar, an OCI archive made without Docker
	$(MAKE) -C charts image VERSION=$(VERSION)

.PHONY: bench
bench: ## rtcship beside its peers and the limit, five rounds, in fifty minutes; rewrites bench/README.md
	cd bench && go run .

.PHONY: bench-quick
bench-quick: ## under two minutes; fails when a ratio has become worse by more than a quarter
	cd bench && go run . -quick
