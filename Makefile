# SPDX-License-Identifier: BSD-3-Clause
# timesync: GNU Make, everything built under build/.
#
## make                the programs: build/timesync, build/timesyncd and, where libmicrohttpd is
##                     installed, build/timesync-exporter
## make demo           a demonstration, on a clock file that is 2.5 s wrong
## make check          all tests; check-unit and check-system are the two halves
##                     (ONLY='name ...' picks test programs by a part of their name)
## make check-browser  the lab's live page and its report, in a headless Chromium
## make bench          speed and accuracy, beside others: bench/RESULTS.md; 20 minutes, or up to
##                     40 on a busy machine (QUICK=1 takes about two, and is less sure;
##                     BENCH='offsets groups' measures only these, out of throughput, offsets,
##                     connections, groups, spread, commands and now, and only prints)
## make vm             tests that set a system clock, in virtual machines; five minutes
##                     (ONLY='name ...' picks tests by a part of their name)
## make accuracy       write docs/accuracy.md again: the error of each method, in a few minutes
## make tracking       write docs/tracking.md again: how well track keeps time, simulated, beside
##                     chronyd; a minute
## make mutants        list the changes to core/ and group/core/ that no unit test and no simulation
##                     notices; takes an hour or two, and continues after an interruption
##                     (FILES='core/parse.c ...' picks files or folders, COUNT=100 picks that many
##                     mutants by SEED=1, QUICK=1 runs no simulations)
## make fuzz           fuzz every decoder of foreign input, each for SECONDS (60)
## make install        install what make has built to PREFIX (/usr/local), under DESTDIR; nothing is
##                     compiled, unless nothing has been built; make uninstall removes it
##                     (LIBDIR and INCLUDEDIR are where libtimesync and its header go)
## make lint           style, static analysis and the rules on structure
##                     (LINT='format structure ...' picks some: tidy is the slow one)
## make vm-systemd     boot Debian with our units in a virtual machine: late networks, kills, suspends
##                     and read-only roots; as root, five minutes (ONLY='name ...' as above)
## make packages       build the Debian packages and install, upgrade, use, remove and purge them in a
##                     chroot, as root; CHROOT=DIR keeps the chroot's base for the next time,
##                     KEEP=DIR the packages
## make deployment     check the files for Prometheus and Ansible by promtool, ansible-lint and a run in a
##                     chroot, as root (CHROOT=DIR as above)
## make portability    other C libraries and machines, as far as this one can tell: musl, i386, armhf, s390x
## make reproducible   build again in another place: the programs must be the same
## make deps           install the Debian packages for all targets
## make dist           a tarball of the last commit, build/timesync-VERSION.tar.gz
## make compile_commands.json    for clangd and other tools
## make clean, make help
##
## demo, check, check-browser, vm, vm-systemd, mutants, fuzz, bench and lint install what they lack first,
## by apt, through sudo when not root: on a terminal after asking, once. INSTALL=yes does not ask,
## INSTALL=no installs nothing.
## `make check INSTALL=no` is for packagers: it needs no root and no network, as it runs the unit tests
## alone. The others by name: make check-system.
##
## With any of them: CC=clang; SANITIZE=1 builds under AddressSanitizer and UBSan in
## build/sanitize; COVERAGE=1 in build/coverage, and check then ends with a table of the lines that
## the tests ran, by file and room (and fails below COVERAGE_LEAST='room=percent ...');
## BUILD=DIR builds elsewhere; V=1 shows the commands.

VERSION := 0.1.0

ifeq ($(origin CC),default)
CC := gcc
endif
PKG_CONFIG ?= pkg-config
INSTALL_PROGRAM ?= install
PREFIX ?= /usr/local
DESTDIR ?=

# One directory for each way of building, so that objects of two ways never meet.
VARIANT := $(if $(SANITIZE),/sanitize)$(if $(COVERAGE),/coverage)$(if $(FUZZ),/fuzz)
BUILD ?= build$(VARIANT)
GEN := $(BUILD)/gen

# --- flags ---------------------------------------------------------------------------------------

# pkg-config is asked at the first use, and its answer kept: it may not be there when make starts.
PACKAGES := libtirpc jansson nettle
PACKAGE_CPPFLAGS = $(eval PACKAGE_CPPFLAGS := $$(patsubst -I%,-isystem %,$$(shell \
	$(PKG_CONFIG) --cflags $(PACKAGES))))$(PACKAGE_CPPFLAGS)
PACKAGE_LIBS = $(eval PACKAGE_LIBS := $$(shell $(PKG_CONFIG) --libs $(PACKAGES)))$(PACKAGE_LIBS)
EXPORTER_LIBS = $(eval EXPORTER_LIBS := $$(shell $(PKG_CONFIG) --libs libmicrohttpd \
	2>/dev/null))$(EXPORTER_LIBS)
TEST_LIBS = $(eval TEST_LIBS := $$(shell $(PKG_CONFIG) --libs cmocka))$(TEST_LIBS)

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align \
	-Wcast-qual -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wundef -Wvla -Wwrite-strings -Wformat=2 -Wswitch-enum -Wnull-dereference
# What compiles in spite of these crashes where the guess of the compiler is wrong: errors everywhere.
ERRORS := -Werror=implicit-function-declaration -Werror=implicit-int -Werror=int-conversion \
	-Werror=incompatible-pointer-types -Werror=return-type

# Mitigations of buffer overflows, as far as this compiler and processor support them; asked once, as
# above.
HARDENING = $(eval HARDENING := $$(shell for flag in -fstack-clash-protection -fcf-protection \
	-mbranch-protection=standard; do $(CC) -Werror $$$$flag -c -x c /dev/null -o /dev/null \
	2>/dev/null && echo $$$$flag; done))$(HARDENING)

# A level of _FORTIFY_SOURCE that the user or the compiler has chosen stays; asked once, as above.
FORTIFY = $(eval FORTIFY := $$(if $$(findstring _FORTIFY_SOURCE,$$(CPPFLAGS) $$(CFLAGS)),,$$(shell \
	$(CC) -O2 -dM -E -x c /dev/null | grep -q _FORTIFY_SOURCE || \
	echo -D_FORTIFY_SOURCE=2)))$(FORTIFY)

MODE_FLAGS = -O2 -g -fno-plt -fstack-protector-strong $(FORTIFY)
ifdef SANITIZE
MODE_FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
endif
ifdef COVERAGE
MODE_FLAGS := -O0 -g --coverage
endif
ifdef FUZZ
MODE_FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
endif
ifneq ($(filter-out 0 1,$(words $(SANITIZE) $(COVERAGE) $(FUZZ))),)
$(error SANITIZE, COVERAGE and FUZZ exclude each other)
endif

comma := ,

# Every object needs these, in addition to the user's CPPFLAGS, CFLAGS and LDFLAGS. No path of this
# machine gets into the result.
# By -iquote, so that no header of ours can stand in for one of the system.
BASE_CPPFLAGS = -iquote . -I$(GEN) -D_GNU_SOURCE -DTIMESYNC_VERSION='"$(VERSION)"' $(PACKAGE_CPPFLAGS)
BASE_CFLAGS = -fPIE -pthread $(HARDENING) $(MODE_FLAGS) -MMD -MP \
	-ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(abspath $(BUILD))=build
BASE_LDFLAGS := -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed -Wl,--build-id=sha1 \
	$(filter -fsanitize% --coverage,$(MODE_FLAGS)) $(if $(COVERAGE),-Wl$(comma)--wrap=_exit)

COMPILE = $(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) -std=c11 $(BASE_CFLAGS) $(WARNINGS) $(ERRORS) $(CFLAGS) \
	-c -o $@ $<
# Generated code is rpcgen's, so of the warnings only those count that are errors (-w would silence them
# too).
COMPILE_GEN = $(CC) $(BASE_CPPFLAGS) $(CPPFLAGS) -std=gnu11 $(BASE_CFLAGS) $(CFLAGS) \
	$(ERRORS) -Wno-unused -Wno-conversion -c -o $@ $<
LINK = $(CC) $(BASE_LDFLAGS) $(LDFLAGS) -o $@ $^ $(PACKAGE_LIBS) -lm $(LDLIBS)

# --- sources and objects -------------------------------------------------------------------------

ROOMS := core os lib print rpc rpc/client rpc/server measure track group/core group/wire group/agent \
	server client $(patsubst %/,%,$(wildcard client/*/)) exporter
MAINS := server/main.c client/main.c
# What needs libmicrohttpd is only in the exporter.
EXPORTER_SOURCES := exporter/main.c exporter/exporter.c exporter/http.c
SOURCES := $(filter-out $(MAINS) $(EXPORTER_SOURCES),$(wildcard $(ROOMS:%=%/*.c)))
LAB_SOURCES := $(wildcard lab/*.c)
LAB_SUPPORT_SOURCES := $(wildcard lab/support/*.c)
UNIT_SOURCES := $(wildcard tests/unit/test_*.c tests/sim/test_*.c)
REPLAY_SOURCES := tests/sim/groups/run.c tests/sim/groups/table.c tests/sim/tracking/run.c
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
SUPPORT_SOURCES := $(wildcard tests/support/*.c) \
	$(filter-out $(UNIT_SOURCES) $(REPLAY_SOURCES),$(wildcard tests/sim/*.c tests/sim/*/*.c))
BENCH_SOURCES := $(wildcard tests/bench/*.c)
BENCH_SUPPORT_SOURCES := $(wildcard tests/bench/support/*.c)
VM_SOURCES := $(wildcard tests/vm/*.c)

# The public program, and two that only timesync itself speaks.
PROTOCOLS := timesync.x rpc/timesync_status.x group/wire/timegroup.x
PROTOCOL_NAMES := $(basename $(notdir $(PROTOCOLS)))
GEN_HEADERS := $(PROTOCOL_NAMES:%=$(GEN)/%.h)
GEN_OBJECTS := $(foreach name,$(PROTOCOL_NAMES),$(addprefix $(GEN)/$(name)_,xdr.o clnt.o svc.o))

objects = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIBRARY := $(BUILD)/modules.a
LIBRARY_OBJECTS := $(call objects,$(SOURCES)) $(GEN_OBJECTS) \
	$(if $(COVERAGE),$(call objects,tests/coverage_exit.c))
LAB_SUPPORT := $(call objects,$(LAB_SUPPORT_SOURCES))
UNIT_SUPPORT := $(call objects,$(SUPPORT_SOURCES)) $(LAB_SUPPORT)
BENCH_SUPPORT := $(call objects,$(BENCH_SUPPORT_SOURCES))
# The library for programs of others, of a few modules that need nothing but libc. Its soname counts
# incompatible changes of lib/timesync_now.h.
SHARED_SOURCES := lib/timesync_now.c core/bound.c os/bound_page.c os/bound_reader.c os/suspend.c
SHARED_OBJECTS := $(SHARED_SOURCES:%.c=$(BUILD)/pic/%.o)
SONAME := libtimesync.so.0
SHARED := $(BUILD)/$(SONAME)
# Without instruments, as programs that have none load it.
plain = $(filter-out -pie -fPIE -fsanitize% -fno-sanitize% --coverage %--wrap=_exit,$(1))

OBJECTS := $(LIBRARY_OBJECTS) $(UNIT_SUPPORT) $(BENCH_SUPPORT) \
	$(call objects,$(MAINS) $(EXPORTER_SOURCES) $(LAB_SOURCES) $(UNIT_SOURCES) $(REPLAY_SOURCES)) \
	$(call objects,$(BENCH_SOURCES)) \
	$(call objects,$(VM_SOURCES)) \
	$(call objects,$(FUZZ_SOURCES) tests/fuzz/replay.c) $(SHARED_OBJECTS)
PROGRAMS := $(BUILD)/timesync $(BUILD)/timesyncd
# EXPORTER=yes and EXPORTER=no do not look for the library.
EXPORTER ?= $(if $(EXPORTER_LIBS),yes)
EXPORTER_PROGRAM = $(if $(filter yes,$(EXPORTER)),$(BUILD)/timesync-exporter)
LAB_PROGRAMS := $(LAB_SOURCES:%.c=$(BUILD)/%)
LAB_SCRIPT := $(BUILD)/timesync-lab
UNIT_PROGRAMS := $(UNIT_SOURCES:%.c=$(BUILD)/%) $(REPLAY_SOURCES:%.c=$(BUILD)/%)
FUZZ_PROGRAMS := $(FUZZ_SOURCES:%.c=$(BUILD)/%)
# libFuzzer has a main of its own.
FUZZ_MAIN := $(if $(FUZZ),,$(call objects,tests/fuzz/replay.c))
STOCK_SERVER := $(BUILD)/tests/bench/stock
VM_PROGRAMS := $(VM_SOURCES:%.c=$(BUILD)/%)
BENCH_PROGRAMS := $(filter-out $(STOCK_SERVER),$(BENCH_SOURCES:%.c=$(BUILD)/%))

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all programs tests bench-programs vm-programs FORCE

all: programs
programs: $(PROGRAMS) $(EXPORTER_PROGRAM) $(LAB_PROGRAMS) $(LAB_SCRIPT) $(SHARED)
	$(if $(EXPORTER_PROGRAM),,@echo 'Without timesync-exporter, which needs libmicrohttpd.')
tests: programs $(UNIT_PROGRAMS) $(FUZZ_PROGRAMS)
bench-programs: programs $(BENCH_PROGRAMS) $(STOCK_SERVER)
vm-programs: programs $(VM_PROGRAMS)

# `$(call say,WORD)` in front of a command shows WORD and the target instead of the command.
say = $(if $(V),,@printf '  %-8s %s\n' $(1) $(@:$(CURDIR)/%=%);)

# --- generated code ------------------------------------------------------------------------------

# rpcgen derives names of includes from the path of its input, so it runs beside a copy. It refuses to
# overwrite, so the old output is removed first.
RPCGEN_IN_GEN = $(call say,RPCGEN)cd $(GEN) && rm -f $(@F) && rpcgen -C -N -M

define generate
$(GEN)/$(basename $(notdir $(1))).x: $(1)
	@mkdir -p $$(@D)
	@cp $$< $$@
endef
$(foreach protocol,$(PROTOCOLS),$(eval $(call generate,$(protocol))))

$(GEN_HEADERS): %.h: %.x
	$(RPCGEN_IN_GEN) -h -o $(@F) $(<F)
$(PROTOCOL_NAMES:%=$(GEN)/%_xdr.c): %_xdr.c: %.x
	$(RPCGEN_IN_GEN) -c -o $(@F) $(<F)
$(PROTOCOL_NAMES:%=$(GEN)/%_clnt.c): %_clnt.c: %.x
	$(RPCGEN_IN_GEN) -l -o $(@F) $(<F)
$(PROTOCOL_NAMES:%=$(GEN)/%_svc.c): %_svc.c: %.x
	$(RPCGEN_IN_GEN) -m -o $(@F) $(<F)

# The benchmark's stock server: plain rpcgen, with its own main program, which gets only the option to
# stay in the foreground.
STOCK_OBJECTS := $(addprefix $(GEN)/stock_,main.o xdr.o)
STOCK_HEADER := $(GEN)/stock.h
RPCGEN_STOCK = $(call say,RPCGEN)cd $(GEN) && rm -f $(@F) && rpcgen -C

$(GEN)/stock.x: tests/bench/stock.x
	@mkdir -p $(@D)
	@cp $< $@
$(GEN)/stock.h: $(GEN)/stock.x
	$(RPCGEN_STOCK) -h -o $(@F) stock.x
$(GEN)/stock_xdr.c: $(GEN)/stock.x
	$(RPCGEN_STOCK) -c -o $(@F) stock.x
$(GEN)/stock_main.c: $(GEN)/stock.x
	$(RPCGEN_STOCK) -s udp -s tcp -o $(@F) stock.x
$(STOCK_OBJECTS) $(STOCK_SERVER).o: $(STOCK_HEADER)
$(GEN)/stock_main.o: COMPILE_GEN += -DRPC_SVC_FG

$(GEN)/%.o: $(GEN)/%.c $(GEN_HEADERS) $(BUILD)/.flags
	$(call say,CC)$(COMPILE_GEN)

# --- objects and programs ------------------------------------------------------------------------

# Other flags or another compiler rebuild everything; another set of sources rebuilds the library.
write_if_changed = @printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || \
	printf '%s\n' '$(subst ','\'',$(1))' >$@

$(BUILD)/.flags: FORCE
	@mkdir -p $(@D)
	@$(PKG_CONFIG) --print-errors --exists $(PACKAGES) || { echo "Try 'make deps'." >&2; exit 1; }
	$(call write_if_changed,$(COMPILE) $(LINK))
$(BUILD)/.sources: FORCE
	@mkdir -p $(@D)
	$(call write_if_changed,$(LIBRARY_OBJECTS))

$(BUILD)/%.o: %.c $(BUILD)/.flags | $(GEN_HEADERS)
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE)

# Appended (q) to a new archive, since two modules may have a file of the same name.
$(LIBRARY): $(LIBRARY_OBJECTS) $(BUILD)/.sources
	@rm -f $@
	$(call say,AR)$(AR) qcsD $@ $(sort $(LIBRARY_OBJECTS))

$(BUILD)/pic/%.o: %.c $(BUILD)/.flags
	@mkdir -p $(@D)
	$(call say,CC)$(call plain,$(COMPILE)) -fPIC -fvisibility=hidden -funroll-loops
$(SHARED): $(SHARED_OBJECTS)
	$(call say,LINK)$(CC) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs \
		$(call plain,$(BASE_LDFLAGS)) $(LDFLAGS) -o $@ $^ $(LDLIBS)
	@ln -sf $(@F) $(BUILD)/libtimesync.so

$(BUILD)/timesyncd: $(BUILD)/server/main.o $(LIBRARY)
	$(call say,LINK)$(LINK)
$(BUILD)/timesync: $(BUILD)/client/main.o $(LIBRARY)
	$(call say,LINK)$(LINK)
$(BUILD)/timesync-exporter: $(call objects,$(EXPORTER_SOURCES)) $(LIBRARY)
	$(call say,LINK)$(LINK) $(EXPORTER_LIBS)
$(VM_PROGRAMS): %: %.o $(LIBRARY)
	$(call say,LINK)$(LINK)
$(LAB_PROGRAMS): %: %.o $(LAB_SUPPORT) $(LIBRARY)
	$(call say,LINK)$(LINK)
# It finds its modules beside itself in lab/, and the programs beside the link.
$(LAB_SCRIPT): lab/timesync-lab
	$(call say,LN)ln -sf $(abspath $<) $@
$(UNIT_PROGRAMS): %: %.o $(UNIT_SUPPORT) $(LIBRARY)
	$(call say,LINK)$(LINK) $(TEST_LIBS)
$(BENCH_PROGRAMS): %: %.o $(BENCH_SUPPORT) $(LIBRARY)
	$(call say,LINK)$(LINK)
$(STOCK_SERVER): %: %.o $(STOCK_OBJECTS) $(LIBRARY)
	$(call say,LINK)$(LINK)

$(FUZZ_PROGRAMS): %: %.o $(FUZZ_MAIN) $(UNIT_SUPPORT) $(LIBRARY)
	$(call say,LINK)$(LINK) $(TEST_LIBS) $(if $(FUZZ),-fsanitize=fuzzer)

-include $(OBJECTS:.o=.d)

# --- targets for users ---------------------------------------------------------------------------

# These install packages first and then call make again, to build with them; two at the same time
# would get in each other's way.
DRIVERS := demo check check-unit check-system check-browser vm vm-systemd mutants fuzz accuracy tracking \
	bench lint packages deployment portability reproducible deps
.PHONY: $(DRIVERS) fuzz-installed lint-installed coverage-start coverage-summary
ifneq ($(filter $(DRIVERS),$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

COUNTERS := $(abspath $(BUILD))/counters
RUN_TESTS = tests/run --build $(abspath $(BUILD)) $(if $(COVERAGE),--counters $(COUNTERS)) $(CHECK_FLAGS)
# One way of building is enough for the tests of tests/ itself, which run no program that is built, for
# those of the lab, which test its Python, and for those of the files that are installed beside the programs.
# They come first, as they take longest.
TOOLS := $(if $(VARIANT),,tools lab shipped)
COVERAGE_START = $(if $(COVERAGE),@rm -rf $(COUNTERS) && find $(BUILD) -name '*.gcda' -delete)
# How much of a room the unit tests and simulations have to run, in percent of its lines.
COVERAGE_LEAST ?= group/core=90
COVERAGE_SUMMARY = $(if $(COVERAGE),@tests/coverage $(BUILD) $(CC) $(COVERAGE_LEAST))

deps:
	@dist/install-packages build run test

demo:
	@dist/install-packages build run
	@$(MAKE) --no-print-directory programs
	@lab/demo $(abspath $(BUILD))

ifneq ($(INSTALL),no)
check:
	@dist/install-packages build run test
	@tests/bench/get-chronyd $(BUILD)/chrony
	@$(MAKE) --no-print-directory tests
	$(COVERAGE_START)
	@$(RUN_TESTS) unit $(TOOLS) system $(ONLY)
	$(COVERAGE_SUMMARY)
else
check: check-unit
	@echo 'These were the unit tests. The system tests need root: make check-system'
endif

check-unit:
	@dist/install-packages build unit
	@$(MAKE) --no-print-directory tests
	$(COVERAGE_START)
	@$(RUN_TESTS) unit $(ONLY)
	$(COVERAGE_SUMMARY)

check-system:
	@dist/install-packages build run test
	@tests/bench/get-chronyd $(BUILD)/chrony
	@$(MAKE) --no-print-directory programs
	$(COVERAGE_START)
	@$(RUN_TESTS) $(TOOLS) system $(ONLY)
	$(COVERAGE_SUMMARY)

check-browser:
	@dist/install-packages build run test browser
	@$(MAKE) --no-print-directory programs
	@$(RUN_TESTS) browser $(ONLY)

vm:
	@dist/install-packages build vm
	@tests/vm/get-kernel $(BUILD)/vm
	@tests/bench/get-chronyd $(BUILD)/chrony
	@$(MAKE) --no-print-directory vm-programs
	@tests/vm/run --build $(abspath $(BUILD)) $(ONLY)

vm-systemd:
	@dist/install-packages build test vm packages
	@tests/vm/get-kernel $(BUILD)/vm
	@tests/bench/get-chronyd $(BUILD)/chrony
	@$(MAKE) --no-print-directory vm-programs
	@tests/vm/debian/run --build $(abspath $(BUILD)) $(ONLY)

# A server that is not available is reported as not installed. The figures of a quick run stay under
# build/.
bench:
	@dist/install-packages build run
	@dist/install-packages bench && tests/bench/get-chronyd $(BUILD)/bench || echo 'Going on.'
	@$(MAKE) --no-print-directory bench-programs
	@tests/bench/run --build $(abspath $(BUILD)) $(if $(QUICK),--quick --results $(BUILD)/bench) \
		$(BENCH)

# Written at the end only, and not if an error is larger than its bound.
accuracy:
	@dist/install-packages build run test
	@$(MAKE) --no-print-directory programs
	@tests/bench/methods.py --build $(abspath $(BUILD)) >$(BUILD)/accuracy.md
	@mv $(BUILD)/accuracy.md docs/accuracy.md

# The same: not if a bound is broken.
tracking:
	@dist/install-packages build test
	@$(MAKE) --no-print-directory $(BUILD)/tests/sim/tracking/run
	@$(BUILD)/tests/sim/tracking/run >$(BUILD)/tracking.md
	@mv $(BUILD)/tracking.md docs/tracking.md

# All of it happens in a copy of the tree, which is built there, plain and with counters.
mutants:
	@dist/install-packages build test
	@tests/mutants --build $(abspath $(BUILD))/mutants $(if $(COUNT),--count $(COUNT)) \
		$(if $(SEED),--seed $(SEED)) $(if $(QUICK),--quick) $(FILES)

# libFuzzer is clang's.
SECONDS ?= 60
fuzz:
	@dist/install-packages build test fuzz
	@$(MAKE) --no-print-directory FUZZ=1 CC=clang fuzz-installed
fuzz-installed: $(FUZZ_PROGRAMS)
	@tests/fuzz/run $(BUILD) $(SECONDS) $(ONLY)

# make predefines LINT, and its value is not a check.
ifeq ($(origin LINT),default)
LINT :=
endif
lint:
	@dist/install-packages build test lint
	@$(MAKE) --no-print-directory lint-installed
lint-installed: $(GEN_HEADERS) $(STOCK_HEADER)
	@LINT_CACHE='$(BUILD)/lint' CPPFLAGS='-isystem $(GEN) $(subst ','\'',$(BASE_CPPFLAGS))' tests/lint/run $(LINT)

packages:
	@dist/install-packages packages
	@tests/packages $(if $(KEEP),--keep $(KEEP)) $(CHROOT)

# The packages are those that a `make packages KEEP=build/packages` has left, or are built now.
deployment:
	@dist/install-packages build test packages deployment
	@$(MAKE) --no-print-directory programs
	@ls $(BUILD)/packages/timesyncd_*.deb >/dev/null 2>&1 || \
		tests/packages --keep $(BUILD)/packages $(CHROOT)
	@tests/deployment/run $(BUILD) $(BUILD)/packages $(CHROOT)

portability:
	@dist/install-packages build portability
	@$(MAKE) --no-print-directory $(GEN_HEADERS)
	@tests/portability $(abspath $(BUILD))

reproducible:
	@dist/install-packages build
	@$(MAKE) --no-print-directory programs
	@tests/reproducible $(abspath $(BUILD))

# --- installation --------------------------------------------------------------------------------

bindir := $(PREFIX)/bin
sbindir := $(PREFIX)/sbin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
datadir := $(PREFIX)/share
libexecdir := $(PREFIX)/libexec/timesync
UNITDIR ?= $(PREFIX)/lib/systemd/system
# Of a system's own prefixes the configuration is in /etc.
SYSCONFDIR ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)

# FILE:DESTINATION for each: programs; files as they are; texts in which /usr/local stands for PREFIX,
# /etc for SYSCONFDIR, and @NAME@ for a variable.
# The files in man/ and dist/ are installed if they exist.
INSTALLED_PROGRAMS = $(BUILD)/timesync:$(bindir)/timesync $(BUILD)/timesyncd:$(sbindir)/timesyncd \
	$(if $(EXPORTER_PROGRAM),$(EXPORTER_PROGRAM):$(sbindir)/timesync-exporter) \
	lab/timesync-lab:$(bindir)/timesync-lab \
	$(foreach name,relay echo,$(BUILD)/lab/$(name):$(libexecdir)/$(name))
INSTALLED_LINK := $(LIBDIR)/libtimesync.so
INSTALLED_DATA := $(SHARED):$(LIBDIR)/$(SONAME) lib/timesync_now.h:$(INCLUDEDIR)/timesync_now.h \
	dist/rpc:$(datadir)/timesync/rpc timesync.x:$(datadir)/timesync/timesync.x \
	dist/50-timesync.list:$(datadir)/timesync/50-timesync.list \
	dist/timesyncd.sysusers:$(PREFIX)/lib/sysusers.d/timesyncd.conf \
	$(foreach file,$(wildcard dist/grafana/*.json dist/prometheus/*.yml), \
		$(file):$(datadir)/timesync/$(file:dist/%=%)) \
	$(foreach schema,$(wildcard docs/schema/*.json), \
		$(schema):$(datadir)/timesync/schema/$(notdir $(schema))) \
	$(foreach file,$(wildcard lab/*.py lab/timesync_lab/*.py lab/timesync_lab/*.css \
		lab/timesync_lab/page/* lab/scenarios/* lab/skeleton/*),$(file):$(datadir)/timesync/$(file)) \
	$(foreach name,timesync timesyncd timesync-exporter, \
		$(patsubst %,%:$(datadir)/bash-completion/completions/$(name), \
		$(wildcard dist/timesync.bash))) \
	$(patsubst %,%:$(datadir)/bash-completion/completions/timesync-lab,$(wildcard dist/timesync-lab.bash))
INSTALLED_UNITS = $(filter-out $(if $(EXPORTER_PROGRAM),,%-exporter.service),$(wildcard dist/*.service))
INSTALLED_TEXTS = dist/libtimesync.pc.in:$(LIBDIR)/pkgconfig/libtimesync.pc \
	$(foreach page,$(wildcard man/*.[1-8]), \
		$(page):$(datadir)/man/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page))) \
	$(foreach unit,$(INSTALLED_UNITS),$(unit):$(UNITDIR)/$(notdir $(unit)))
INSTALLED = $(INSTALLED_PROGRAMS) $(INSTALLED_DATA) $(INSTALLED_TEXTS)
# The administrator's: never replaced, and removed only as it came.
CONFIGURATION := dist/timesyncd.conf:$(SYSCONFDIR)/timesync/timesyncd.conf

from = $(firstword $(subst :, ,$(1)))
to = $(DESTDIR)$(lastword $(subst :, ,$(1)))
install_file = $(INSTALL_PROGRAM) -D -m $(1) $(call from,$(2)) $(call to,$(2))
# Nothing is written to the build directory, which root's files would make unusable for its owner.
install_text = sed -e 's|/usr/local|$(PREFIX)|g; s|/etc/timesync/|$(SYSCONFDIR)/timesync/|g' \
	-e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|; s|@VERSION@|$(VERSION)|' \
	$(call from,$(1)) | $(INSTALL_PROGRAM) -D -m 644 /dev/stdin $(call to,$(1))

.PHONY: install uninstall dist clean help

# Nothing is compiled here: root's make may have other flags than that of the user, and would build
# everything again.
BUILT = $(filter $(BUILD)/%,$(foreach pair,$(INSTALLED_PROGRAMS) $(INSTALLED_DATA),$(call from,$(pair))))
install: $(if $(filter-out $(wildcard $(BUILT)),$(BUILT)),programs)
	@set -e; $(foreach pair,$(INSTALLED_PROGRAMS),$(call install_file,755,$(pair));) \
		$(foreach pair,$(INSTALLED_DATA),$(call install_file,644,$(pair));) \
		$(foreach pair,$(INSTALLED_TEXTS),$(call install_text,$(pair));) \
		ln -sf $(SONAME) $(DESTDIR)$(INSTALLED_LINK); \
		[ -e $(call to,$(CONFIGURATION)) ] || $(call install_file,644,$(CONFIGURATION))
	@printf 'Installed: %s\n' $(foreach pair,$(INSTALLED),$(call to,$(pair))) $(DESTDIR)$(INSTALLED_LINK)

uninstall:
	rm -f $(foreach pair,$(INSTALLED),$(call to,$(pair))) $(DESTDIR)$(INSTALLED_LINK)
	@! cmp -s $(subst :, $(DESTDIR),$(CONFIGURATION)) || rm $(call to,$(CONFIGURATION))
	-@rmdir $(DESTDIR)$(datadir)/timesync/grafana $(DESTDIR)$(datadir)/timesync/prometheus \
		$(DESTDIR)$(datadir)/timesync/schema $(DESTDIR)$(datadir)/timesync/lab/timesync_lab/page \
		$(DESTDIR)$(datadir)/timesync/lab/timesync_lab $(DESTDIR)$(datadir)/timesync/lab/skeleton \
		$(DESTDIR)$(datadir)/timesync/lab/scenarios $(DESTDIR)$(datadir)/timesync/lab \
		$(DESTDIR)$(datadir)/timesync $(DESTDIR)$(libexecdir) $(DESTDIR)$(SYSCONFDIR)/timesync \
		2>/dev/null || true

# Named after the last tag, which has to be that of VERSION: v0.1.0, or v0.1.0-5-gabcdef after it.
DIST_NAME = timesync-$(patsubst v%,%,$(shell git describe --tags --match 'v*' 2>/dev/null || \
	echo v$(VERSION)))
dist:
	@case $(DIST_NAME)- in timesync-$(VERSION)-*) ;; \
		*) echo "The last tag makes this $(DIST_NAME), the Makefile says $(VERSION)." >&2; \
		exit 1 ;; esac
	@mkdir -p $(BUILD)
	@git archive --prefix=$(DIST_NAME)/ --output=$(BUILD)/$(DIST_NAME).tar.gz HEAD
	@echo $(BUILD)/$(DIST_NAME).tar.gz

compile_commands.json: FORCE
	@$(MAKE) --no-print-directory --dry-run --always-make V=1 tests | dist/compile-commands >$@

clean:
	rm -rf $(BUILD)

help:
	@sed -n 's/^## \{0,1\}//p' $(firstword $(MAKEFILE_LIST))
