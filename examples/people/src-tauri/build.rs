fn main() {
    // The built page is part of the program.
    println!("cargo:rerun-if-changed=../dist");
    tauri_build::build();
}
