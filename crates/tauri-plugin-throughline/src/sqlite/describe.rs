/// What may be said about a statement.
#[derive(Debug, PartialEq)]
pub struct Description {
    /// Without comments and with `?` for every literal, so that nothing a person typed is in it.
    pub text: String,
    /// `INSERT people`: few enough to be a span's name.
    pub summary: String,
    pub operation: String,
    pub collection: Option<String>,
}

pub fn describe(sql: &str) -> Description {
    let mut text = String::with_capacity(sql.len());
    let mut words: Vec<String> = Vec::new();
    let mut rest = sql.trim();
    while let Some(first) = rest.chars().next() {
        let len = token_length(rest, first);
        let (token, after) = rest.split_at(len);
        match first {
            '\'' => text.push('?'),
            _ if first.is_ascii_digit() => text.push('?'),
            _ if token.starts_with("--") || token.starts_with("/*") || first.is_whitespace() => {
                if !text.ends_with(' ') {
                    text.push(' ');
                }
            }
            _ => {
                text.push_str(token);
                if is_word(first) || matches!(first, '"' | '`' | '[') {
                    words.push(token.trim_matches(['"', '`', '[', ']']).to_owned());
                }
            }
        }
        rest = after;
    }
    let operation = words.first().map(|word| word.to_uppercase()).unwrap_or_default();
    let collection = collection(&operation, &words);
    let summary = collection.as_ref().map_or_else(|| operation.clone(), |name| format!("{operation} {name}"));
    Description { text: text.trim().to_owned(), summary, operation, collection }
}

/// The first table the statement is about.
fn collection(operation: &str, words: &[String]) -> Option<String> {
    let is = |word: &String, what: &str| word.eq_ignore_ascii_case(what);
    let before = match operation {
        "INSERT" | "REPLACE" => "INTO",
        "SELECT" | "DELETE" => "FROM",
        "UPDATE" => {
            let skipped = if words.get(1).is_some_and(|word| is(word, "OR")) { 3 } else { 1 };
            return words.get(skipped).cloned();
        }
        "CREATE" | "ALTER" | "DROP" => "TABLE",
        _ => return None,
    };
    let at = words.iter().position(|word| is(word, before))?;
    words[at + 1..].iter().find(|word| !["IF", "NOT", "EXISTS"].iter().any(|what| is(word, what))).cloned()
}

fn is_word(first: char) -> bool {
    first.is_alphabetic() || first == '_'
}

/// Bytes of the token that begins with `first`.
fn token_length(rest: &str, first: char) -> usize {
    let until = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    let run = |belongs: &dyn Fn(char) -> bool| rest.find(|c| !belongs(c)).unwrap_or(rest.len());
    match first {
        '\'' | '"' | '`' => {
            // A quote inside is written twice.
            let quote = first.to_string();
            let mut end = until(&quote, 1);
            while rest[end..].starts_with(first) {
                end = until(&quote, end + 1);
            }
            end
        }
        '[' => until("]", 1),
        _ if rest.starts_with("--") => until("\n", 2),
        _ if rest.starts_with("/*") => until("*/", 2),
        '?' | ':' | '@' | '$' => {
            1 + rest[1..].find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len() - 1)
        }
        _ if first.is_whitespace() => run(&char::is_whitespace),
        _ if first.is_ascii_digit() => run(&|c| c.is_ascii_alphanumeric() || c == '.'),
        _ if is_word(first) => run(&|c| c.is_alphanumeric() || c == '_' || c == '$'),
        _ => first.len_utf8(),
    }
}

/// `abort at 8 in [INSERT …]: UNIQUE constraint failed: people.email` without what stands elsewhere in the span.
pub fn reason(logged: &str) -> &str {
    let logged = logged.split_once("]: ").filter(|(head, _)| head.contains(" at ")).map_or(logged, |(_, why)| why);
    let logged = logged.split_once("; [").map_or(logged, |(why, _)| why);
    match logged.split_once(": ") {
        Some((head, why)) if head.contains("aborts at ") || head.starts_with("abort at ") => why,
        _ => logged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_for_what_it_does_to_which_table() {
        for (sql, summary) in [
            ("INSERT INTO people (name) VALUES (?1)", "INSERT people"),
            ("insert or replace into \"people\" values (1)", "INSERT people"),
            ("SELECT id, 'from' FROM people p JOIN pets ON p.id = pets.id", "SELECT people"),
            ("UPDATE OR IGNORE people SET name = 'x'", "UPDATE people"),
            ("DELETE FROM [people] WHERE id=7", "DELETE people"),
            ("CREATE TABLE IF NOT EXISTS people (id INTEGER)", "CREATE people"),
            ("PRAGMA user_version", "PRAGMA"),
            ("BEGIN IMMEDIATE", "BEGIN"),
            ("", ""),
        ] {
            assert_eq!(describe(sql).summary, summary, "{sql}");
        }
    }

    #[test]
    fn no_literal_and_no_comment_is_in_the_text() {
        let sql = "SELECT * FROM people -- of 'Ada'\n WHERE name = 'O''Hara' /* x */ AND age > 41.5 AND b = x'ff' AND p1 = ?1 AND q = :name";
        let text = "SELECT * FROM people WHERE name = ? AND age > ? AND b = x? AND p1 = ?1 AND q = :name";
        assert_eq!(describe(sql).text, text);
        assert_eq!(describe("SELECT 'never closed").text, "SELECT ?");
    }

    #[test]
    fn the_reason_is_found_in_every_form_the_log_has_it() {
        let reason_is = "UNIQUE constraint failed: people.email";
        for logged in [
            "abort at 8 in [INSERT INTO people VALUES (?1)]: UNIQUE constraint failed: people.email",
            "statement aborts at 8: UNIQUE constraint failed: people.email; [INSERT INTO people VALUES (?1)]",
            "abort at 8: UNIQUE constraint failed: people.email; [INSERT INTO people VALUES (?1)]",
            "UNIQUE constraint failed: people.email",
        ] {
            assert_eq!(reason(logged), reason_is);
        }
    }
}
