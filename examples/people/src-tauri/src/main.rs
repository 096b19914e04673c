// No console window behind the program's own on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod database;
mod person;

use tauri::Manager;
use tauri_plugin_throughline::LevelFilter;

fn main() {
    tauri::Builder::default()
        .plugin(
            tauri_plugin_throughline::Builder::new()
                .environment(setting("PEOPLE_ENVIRONMENT").unwrap_or_else(|| "development".into()))
                .log_level(
                    setting("PEOPLE_LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO),
                )
                .record_argument("create_person", "name")
                .record_result("count_people")
                .build(),
        )
        .setup(|app| {
            let folder = app.path().app_local_data_dir()?;
            std::fs::create_dir_all(&folder)?;
            app.manage(database::Database::open(&folder.join("people.db"))?);
            Ok(())
        })
        .invoke_handler(tauri_plugin_throughline::traced(tauri::generate_handler![
            commands::count_people,
            commands::create_person,
            commands::list_people,
            #[cfg(debug_assertions)]
            commands::make_a_mistake,
        ]))
        .run(tauri::generate_context!())
        .expect("the program starts");
}

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
