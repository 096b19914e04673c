fn main() {
    tauri_plugin::Builder::new(&["batch"]).build();
}
