# Only what takes more than one command; the rest is plain cargo.

.PHONY: docs ci proofs kill-matrix

# The generated files, then the rendered documentation.
docs:
	cargo run --release -- statements > docs/ledger.md
	cargo run --release -- schema > docs/schema/audit.json
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# What has to hold for a commit.
ci:
	bash .ci/run

# Mistakes on purpose, each in a copy of the code: which checks notice. See mistakes/README.md.
kill-matrix:
	cargo run --example kill-matrix -- --write

# The machine-checked proofs and what they rest on; installs Coq where it is missing.
proofs:
	$(MAKE) -C proofs
