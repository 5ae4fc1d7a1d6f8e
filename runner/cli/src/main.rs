//! The binary: parse, run, exit.

fn main() -> std::process::ExitCode {
    runner::cli::main()
}
