//! memory-serve reads what it serves when it is built.

fn main() {
    memory_serve::load_directory("assets");
}
