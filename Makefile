# Short names for the common jobs: CMakePresets.json holds the build itself, tools/ the scripts.
.PHONY: run test check bars build tests models
# A compiler needs up to about a gigabyte: fewer at once where there is little memory.
JOBS ?= $(shell awk -v cores=$$(nproc) '/MemTotal/ { n = int($$2 / 1048576); print n < 1 ? 1 : n < cores ? n : cores }' /proc/meminfo)
CTEST = ctest --preset release --no-tests=error

# Answers PROMPT, or chats, with MODEL (a name or a file); see tools/demo.
run: build
	@tools/demo

# Everything that a change has to pass: under 25 minutes on two cores.
test: tests models
	$(CTEST) -L 'check|test'

# Unit tests, format, include directions: under three minutes.
check: tests
	$(CTEST) -L check -j $(JOBS)

# Everything long, alone on the machine: each bar with its target and figure. ONLY='regex' takes some of them.
bars: tests models
	@tools/setup bars
	@bench/bars/run.py $(if $(ONLY),--only '$(ONLY)')

# The program alone.
build:
	@tools/setup build
	@cmake --preset release -DCANDOR_TESTS=OFF >/dev/null
	cmake --build --preset release -j $(JOBS)

tests:
	@tools/setup test
	@cmake --preset release >/dev/null
	cmake --build --preset release -j $(JOBS)

# Those that the tests use: kept in the store, fetched once.
models: tests
	@for model in smollm2-135m gemma3-270m qwen2.5-coder-0.5b; do build/release/candor pull $$model || exit 1; done
	tools/fetch-deepseek-tokenizer
	tools/fetch-sentencepiece-models
