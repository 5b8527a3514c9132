# What people type. The building itself is CMake's: see CMakePresets.json.
#
#   make          build/release/lodge              make demo     see it at work
#   make test     build and run every test         make install  PREFIX, DESTDIR
#
# demo and test work alone on a fresh Debian 12: they install what is missing.

PREFIX ?= /usr/local
DESTDIR ?=
# At most this many jobs at once; empty: as many as there are cores.
JOBS ?=
# Versions matter: another clang-format lays out some lines in another way, and
# clang-tidy before 19 cannot read GCC 12's <expected>.
export CLANG_FORMAT ?= clang-format-19
export CLANG_TIDY ?= clang-tidy-19
export JOBS

.PHONY: build demo test bench install format lint sanitize fuzz soak coverage clean

build:
	@scripts/deps.sh build
	@scripts/build.sh release lodge

demo: build
	@scripts/demo.sh

test:
	@scripts/deps.sh build test
	@scripts/test.sh release

bench: build
	@scripts/deps.sh bench
	@scripts/build.sh release bench_lines bench_log_corpus bench_archive
	@python3 bench/cli.py
	@python3 bench/capture.py
	@python3 bench/archive.py
	@python3 bench/query.py
	@python3 bench/follow.py
	@python3 bench/supervisor.py

install: build
	@DESTDIR="$(DESTDIR)" cmake --install build/release --strip --prefix "$(PREFIX)"

format:
	@scripts/deps.sh dev
	@scripts/format.sh

lint:
	@scripts/deps.sh build test dev
	@scripts/format.sh --check
	@scripts/tidy.sh --all

# Everything again under the sanitizers: first address and undefined behaviour,
# then threads.
sanitize:
	@scripts/deps.sh build test
	@scripts/test.sh asan
	@scripts/test.sh tsan

fuzz:
	@scripts/deps.sh build test
	@scripts/fuzz.sh

soak:
	@scripts/deps.sh build test
	@scripts/soak.sh

coverage:
	@scripts/deps.sh build test coverage
	@scripts/coverage.sh

clean:
	rm -rf build bench/rivals
