use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
pub struct Person {
    pub id: i64,
    pub name: String,
    pub email: String,
}

/// Why there is no person. The page gets `{ kind, message }`.
#[derive(Debug, thiserror::Error)]
pub enum PersonError {
    #[error("{0}")]
    Invalid(String),
    #[error("somebody has this e-mail address already")]
    Known,
    #[error(transparent)]
    Database(rusqlite::Error),
    #[error(transparent)]
    Tauri(#[from] tauri::Error),
}

impl From<rusqlite::Error> for PersonError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error() {
            Some(cause) if cause.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE => Self::Known,
            _ => Self::Database(error),
        }
    }
}

impl Serialize for PersonError {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = match self {
            Self::Invalid(_) => "invalid",
            Self::Known => "known",
            Self::Database(_) => "database",
            Self::Tauri(_) => "tauri",
        };
        serde_json::json!({ "kind": kind, "message": self.to_string() }).serialize(serializer)
    }
}
