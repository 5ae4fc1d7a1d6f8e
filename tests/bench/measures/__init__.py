"""Parts of tests/bench/measure."""
