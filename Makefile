# Short names for the common jobs; CMakePresets.json holds the build itself.
.PHONY: build check test
JOBS ?= $(shell nproc)

build:
	cmake --preset release
	cmake --build --preset release -j $(JOBS)

check: build
	ctest --preset release -L check

test: build
	ctest --preset release -L 'check|test'
