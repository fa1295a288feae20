# Waxwing. `make run` and `make test` do everything; the rest are their parts. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# An import that is not declared in Package.swift is an error, not luck of the build order.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
# Where `make run` keeps its configuration, queue and control socket.
STATE := $(CURDIR)/var/run

.PHONY: fuzz sanitize-address sanitize-thread test-faults help deps deps-bed build release static install uninstall run test unit unit-built scenarios demo million bench bench-quick bench-release as-root bench-decisions bench-signatures bench-counting lint clean

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install what building and running need (Debian packages; sudo where you are not root)
	@conf/deps

deps-bed: deps ## fetch the servers of the mini-internet into .build/bed, installing none of them
	@integration/fetch

# Tables for debuggers cost a good part of the build: who wants them says DEBUG_FLAGS=.
DEBUG_FLAGS ?= -debug-info-format none

build: deps ## debug build with tests
	swift build $(SWIFT_FLAGS) $(DEBUG_FLAGS) --build-tests

release: deps ## optimised relayd and relayctl
	swift build $(SWIFT_FLAGS) -c release --product relayd
	swift build $(SWIFT_FLAGS) -c release --product relayctl

# Where `make install` puts things. DESTDIR is for who makes a package.
DESTDIR ?=
PREFIX ?= /usr/local
BINDIR = $(DESTDIR)$(PREFIX)/bin
UNITDIR = $(DESTDIR)$(PREFIX)/lib/systemd/system
SHAREDIR = $(DESTDIR)$(PREFIX)/share/waxwing
# Not below PREFIX: it is where the programs look (Configuration.defaultPath).
CONFDIR = $(DESTDIR)/etc/waxwing
# A build of its own, so that neither this one nor `make release` undoes the other.
STATIC := .build/static
# What the installed programs are linked with, and the two files they read (Debian 12).
RUN_PACKAGES := libssl3 libunbound8 libcurl4 libidn2-0 libsqlite3-0 zlib1g libstdc++6 libgcc-s1 dns-root-data ca-certificates

static: deps ## optimised relayd and relayctl with Swift's libraries inside: what a machine without a Swift toolchain can run
	swift build $(SWIFT_FLAGS) -c release --static-swift-stdlib --scratch-path $(STATIC) --product relayd
	swift build $(SWIFT_FLAGS) -c release --static-swift-stdlib --scratch-path $(STATIC) --product relayctl
	@if ldd $(STATIC)/release/relayd $(STATIC)/release/relayctl | grep -E 'libswift|libFoundation|libdispatch'; then \
		echo "static: these of Swift's libraries are not inside" >&2; exit 1; fi

install: ## relayd, relayctl, units and configuration below PREFIX (/usr/local) and /etc/waxwing; builds first where there is a toolchain
	@# sudo has no toolchain on its PATH, as like as not: make static before, and this installs what that built.
	@if command -v swift >/dev/null; then $(MAKE) --no-print-directory static; fi
	@[ -x $(STATIC)/release/relayd ] && [ -x $(STATIC)/release/relayctl ] || { \
		echo "install: nothing is built, and there is no Swift toolchain on the PATH. As yourself: make static" >&2; exit 1; }
	install -d $(BINDIR) $(UNITDIR) $(SHAREDIR)
	@# One that is there keeps its owner and mode: the user of relayd must still get in.
	[ -d $(CONFDIR) ] || install -d -m 0750 $(CONFDIR)
	install -m 0755 -s $(STATIC)/release/relayd $(STATIC)/release/relayctl $(BINDIR)/
	sed 's|/usr/bin/relayd|$(PREFIX)/bin/relayd|' conf/waxwing.service > $(UNITDIR)/waxwing.service
	chmod 0644 $(UNITDIR)/waxwing.service
	install -m 0644 conf/waxwing.socket $(UNITDIR)/
	install -m 0644 conf/relayd.toml conf/prometheus-alerts.yml conf/grafana-dashboard.json $(SHAREDIR)/
	@# The operator's own stays.
	[ -e $(CONFDIR)/relayd.toml ] || install -m 0640 conf/relayd.toml $(CONFDIR)/
	@printf '%s\n' '' 'Installed. What the programs need where they run (Debian 12):' '  apt-get install $(RUN_PACKAGES)' \
		'Once, as root:' '  adduser --system --group --no-create-home --home /var/lib/waxwing waxwing' \
		'  chgrp waxwing /etc/waxwing /etc/waxwing/relayd.toml' '  systemctl daemon-reload && systemctl enable --now waxwing'

uninstall: ## remove what `make install` put there; the configuration, the queue and the user stay
	@# Asked before the unit is gone: what is enabled stays so, and what runs goes on, without its files.
	@[ -n "$(DESTDIR)" ] || for unit in waxwing.service waxwing.socket; do \
		! systemctl --quiet is-enabled $$unit 2>/dev/null || echo "$$unit is enabled. As root: systemctl disable --now $$unit"; done
	rm -f $(BINDIR)/relayd $(BINDIR)/relayctl $(UNITDIR)/waxwing.service $(UNITDIR)/waxwing.socket
	rm -f $(SHAREDIR)/relayd.toml $(SHAREDIR)/prometheus-alerts.yml $(SHAREDIR)/grafana-dashboard.json
	[ ! -d $(SHAREDIR) ] || rmdir --ignore-fail-on-non-empty $(SHAREDIR)
	@echo 'Left: /etc/waxwing, /var/lib/waxwing (the queue), the user waxwing.'

run: release ## the relay in the foreground on 127.0.0.1:2525, state in ./var/run
	@conf/run "$(STATE)"

test: deps deps-bed ## unit tests, structure tests, scenarios in the mini-internet
	@$(MAKE) --no-print-directory build
	@# The optimised build is one compiler most of the time, and the tests wait much: together they fill two cores.
	@# The build goes on where a test has failed, and what failed is to be the last that is said.
	@$(MAKE) --no-print-directory -j2 unit-built release || { [ ! -s $(UNIT_FAILURES) ] || cat $(UNIT_FAILURES); exit 1; }
	@$(MAKE) --no-print-directory scenarios

unit: build ## unit and structure tests only
	@$(MAKE) --no-print-directory unit-built

# All that the unit tests say, and of it what failed.
UNIT_LOG := .build/unit-tests.log
UNIT_FAILURES := .build/unit-tests.failed
# The same of the tests in Python.
PYTHON_LOG := .build/unit-python.log

# Not by `swift test`, which holds .build until the last test has ended.
unit-built:
	@# All tests at once would hold thousands of descriptors, and keep a test's threads from a core for longer than it waits.
	@# The compiler's driver leaves a folder behind at every run: it goes with the one that is made for it here.
	@rm -f $(UNIT_FAILURES); scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
		TMPDIR="$$scratch" SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8 \
		.build/debug/waxwingPackageTests.xctest --testing-library swift-testing 2>&1 | sed -u 's/\x1b\[[0-9;]*m//g' | tee $(UNIT_LOG) \
		| grep --line-buffered -aE '^(✘|↳|✔ Suite|✔ Test run)' || { \
			status=$${PIPESTATUS[0]}; \
			{ if ! grep -aE '^(✘|↳)|[Ff]atal error' $(UNIT_LOG); then tail -n 20 $(UNIT_LOG); \
			elif [ $$status -gt 128 ]; then tail -n 5 $(UNIT_LOG); fi; \
			[ $$status -le 128 ] || echo "the tests ended by signal $$((status - 128))"; \
			echo "all of it: $(UNIT_LOG)"; } | tee $(UNIT_FAILURES) >&2; \
			exit 1; }
	@(cd integration && python3 -B -m unittest -q benchmark.tests internet.matrixtests internet.growingtests) 2>&1 | tee $(PYTHON_LOG) \
		|| { cp $(PYTHON_LOG) $(UNIT_FAILURES); exit 1; }

scenarios: deps-bed release ## the scenarios in the mini-internet (root)
	@integration/run --times

test-faults: deps-bed release ## all faults of docs/reliability.md in the mini-internet, slow ones too, with a table at the end (root)
	@integration/run --faults

demo: deps-bed release ## the whole mission in the mini-internet, no internet needed (root)
	@integration/demo

million: release ## what a million queued messages cost: enqueue, memory, restart, first pages (8 GB of disk)
	@integration/million

bench: as-root deps-bed bench-release ## Waxwing beside Postfix and Exim: every row, a million queued (root, 15 GB of disk, about an hour)
	@integration/bench

bench-quick: as-root deps-bed bench-release ## the same in short: the rows that say most (root, 5 GB of disk, some five minutes)
	@integration/bench --quick

as-root:
	@[ "$$(id -u)" = 0 ] || { echo "namespaces and mounts need root. As yourself: make bench-release; then: sudo integration/bench" >&2; exit 1; }

# Seconds of a processor for each target, and targets at once.
FUZZ_SECONDS ?= 60
FUZZ_JOBS ?= 2
# Targets see inside of the modules they feed.
FUZZ_BUILD := WAXWING_FUZZ=1 swift build $(SWIFT_FLAGS) -c release --scratch-path .build/fuzz-build --sanitize fuzzer -Xswiftc -enable-testing

fuzz: deps ## libFuzzer for each reader of what strangers send: FUZZ_SECONDS each (60), FUZZ_JOBS at once (2)
	$(FUZZ_BUILD) --product waxwing-fuzz
	$(FUZZ_BUILD) --product waxwing-fuzz-relay
	@integration/fuzz --seconds $(FUZZ_SECONDS) --jobs $(FUZZ_JOBS)

sanitize-address: deps-bed ## unit tests and the scenarios of some faults under AddressSanitizer (root)
	swift build $(SWIFT_FLAGS) --build-tests --scratch-path .build/address --sanitize address
	@integration/sanitize address

sanitize-thread: deps-bed ## the same under ThreadSanitizer (root)
	@mkdir -p .build/thread
	"$$(dirname "$$(realpath "$$(command -v swift)")")/clang" -O1 -fPIC -c integration/sanitizing/external.c -o .build/thread/external.o
	swift build $(SWIFT_FLAGS) --build-tests --scratch-path .build/thread --sanitize thread -Xlinker $(CURDIR)/.build/thread/external.o \
		-Xlinker --wrap=__tsan_external_read -Xlinker --wrap=__tsan_external_write
	@integration/sanitize thread

bench-release: release ## what integration/bench needs: release builds of relayd, relayctl and waxwing-bench
	swift build $(SWIFT_FLAGS) -c release --product waxwing-bench

bench-decisions: deps ## decisions a second from warm caches, on one thread
	swift build $(SWIFT_FLAGS) -c release --product waxwing-bench
	@.build/release/waxwing-bench decisions

bench-signatures: deps ## DKIM signatures a second, beside those of openssl speed
	swift build $(SWIFT_FLAGS) -c release --product waxwing-bench
	@.build/release/waxwing-bench signatures
	@openssl speed -seconds 3 rsa2048 ed25519 2>/dev/null | grep -E 'sign|bits'

bench-counting: deps ## what counting for TLS-RPT costs a message
	swift build $(SWIFT_FLAGS) -c release --product waxwing-bench
	@.build/release/waxwing-bench counting

lint: ## formatting and the rules of .swift-format
	swift format lint --strict --recursive Sources Tests Package.swift

clean: ## remove what was built and the state of `make run`
	rm -rf .build var
