use tauri::{AppHandle, State};
use tauri_plugin_throughline::{Emitter, command};
use tracing::{debug, warn};

use crate::database::Database;
use crate::person::{Person, PersonError};

#[command]
pub async fn create_person(
    name: String,
    email: String,
    database: State<'_, Database>,
    app: AppHandle,
) -> Result<Person, PersonError> {
    let name = name.trim().to_owned();
    if name.is_empty() {
        warn!(field = "name", "a person without a name");
        return Err(PersonError::Invalid("a name is needed".into()));
    }
    let person = {
        let connection = database.connection();
        connection.execute("INSERT INTO people (name, email) VALUES (?1, ?2)", [&name, &email])?;
        Person { id: connection.last_insert_rowid(), name, email }
    };
    debug!(id = person.id, "a new person");
    app.emit("user-created", &person)?;
    Ok(person)
}

#[tauri::command]
pub fn list_people(database: State<'_, Database>) -> Result<Vec<Person>, PersonError> {
    let connection = database.connection();
    let mut statement = connection.prepare_cached("SELECT id, name, email FROM people ORDER BY id DESC LIMIT 50")?;
    let people = statement
        .query_map([], |row| Ok(Person { id: row.get("id")?, name: row.get("name")?, email: row.get("email")? }))?;
    Ok(people.collect::<Result<_, _>>()?)
}

#[tauri::command]
pub fn count_people(database: State<'_, Database>) -> Result<i64, PersonError> {
    Ok(database.connection().query_row("SELECT count(*) FROM people", [], |row| row.get(0))?)
}

/// What a mistake in a command looks like: nobody expects it, and the page never gets an answer.
#[cfg(debug_assertions)]
#[command]
pub async fn make_a_mistake(message: String) {
    panic!("{message}");
}
