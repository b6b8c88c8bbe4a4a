# make demo – from a fresh clone to pictures and answers; make test – everything CI runs; make help – the rest.
.DEFAULT_GOAL := help
TORCH_PYTHON ?=
export TORCH_PYTHON
python := $(if $(TORCH_PYTHON),$(TORCH_PYTHON),$(CURDIR)/.venv/bin/python)
jobs := $(shell nproc)

.PHONY: help demo serve build test bundle format lint clean setup configure asan

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

setup:
	@tools/setup.sh

configure: setup
	@if ! grep -qs 'TORCH_PYTHON:UNINITIALIZED=$(python)$$\|TORCH_PYTHON:[A-Z]*=$(python)$$' build/CMakeCache.txt; then \
	  echo "configure: LibTorch of $(python)"; \
	  cmake --preset release -DTORCH_PYTHON=$(python) > build.log 2>&1 || { cat build.log; exit 1; }; rm -f build.log; fi

build: configure  ## the program at build/showo
	@cmake --build build --target showo_cli -j $(jobs)

demo: build  ## pictures and answers by the embedded model, into demo/
	@tools/demo.sh

serve: build  ## the server and its page, with the embedded model
	@build/showo serve

test: configure  ## build and run all tests
	@tools/setup_tests.sh
	@cmake --build build -j $(jobs)
	@ctest --test-dir build --output-on-failure -j 2

bundle: build  ## a tar that runs without this machine's packages (TORCH=inside: and without LibTorch)
	@cmake --build build --target showo_shared -j $(jobs)
	@TORCH="$(TORCH)" tools/bundle.sh

asan: setup  ## the tests with address and undefined-behaviour sanitizers
	@cmake --preset asan -DTORCH_PYTHON=$(python) && cmake --build build-asan -j $(jobs)
	@ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0 ctest --test-dir build-asan --output-on-failure

format:  ## clang-format over all sources
	@clang-format -i $$(git ls-files '*.cpp' '*.h')

lint: configure  ## clang-format and clang-tidy over what differs from origin/main (BASE=…); ALL=1: everything
	@tools/lint.sh $(if $(ALL),--all,$(BASE))

clean:  ## remove what was built
	@rm -rf build build-asan build-dev demo
