# Two commands for everyone: `make run` and `make test`. The rest is for maintainers.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/linli/target

.PHONY: run test bench lint doctor
run:    ; @scripts/run
test:   ; @scripts/test
bench:  ; @scripts/bench
lint:   ; @scripts/lint
doctor: ; @cargo run --quiet --bin linli -- doctor
