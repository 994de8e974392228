# Short names for the common jobs: CMakePresets.json holds the build itself, tools/ the scripts.
.PHONY: build check test tests
# A compiler needs up to about a gigabyte: fewer at once where there is little memory.
JOBS ?= $(shell awk -v cores=$$(nproc) '/MemTotal/ { n = int($$2 / 1048576); print n < 1 ? 1 : n < cores ? n : cores }' /proc/meminfo)
CTEST = ctest --preset release --no-tests=error

# The program alone.
build:
	@tools/setup build
	@cmake --preset release -DCANDOR_TESTS=OFF >/dev/null
	cmake --build --preset release -j $(JOBS)

tests:
	@tools/setup test
	@cmake --preset release >/dev/null
	cmake --build --preset release -j $(JOBS)

# Unit tests, format, include directions: under three minutes.
check: tests
	$(CTEST) -L check -j $(JOBS)

# Everything that a change has to pass: under 25 minutes on two cores.
test: tests
	$(CTEST) -L 'check|test'
