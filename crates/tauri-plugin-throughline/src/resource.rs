use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::Resource;
use serde_json::{Value, json};

use crate::builder::Builder;

/// Of the backend: what the environment says, then what the program says.
pub fn backend_resource(options: &Builder, program_name: &str, program_version: &str) -> Resource {
    let named_outside = Resource::builder().build().get(&Key::new("service.name"));
    let name = options.service_name.clone().or_else(|| {
        let unknown = named_outside.is_none_or(|name| name.as_str().starts_with("unknown_service"));
        unknown.then(|| program_name.to_owned())
    });
    let version = options.service_version.clone().unwrap_or_else(|| program_version.to_owned());
    let attributes = [
        name.map(|name| KeyValue::new("service.name", name)),
        Some(KeyValue::new("service.version", version)),
        options.environment.clone().map(|name| KeyValue::new("deployment.environment.name", name)),
        Some(KeyValue::new("process.pid", i64::from(std::process::id()))),
        Some(KeyValue::new("os.type", os_type())),
        Some(KeyValue::new("host.arch", std::env::consts::ARCH)),
    ];
    Resource::builder()
        .with_attributes(attributes.into_iter().flatten())
        .with_attributes(options.resource.clone())
        .build()
}

/// What the page is told of it, as the attributes it should have itself.
pub fn page_resource(backend: &Resource) -> Value {
    let text = |key: &'static str| backend.get(&Key::new(key)).map(|value| value.to_string());
    let mut resource = json!({});
    if let Some(name) = text("service.name") {
        resource["service.name"] = json!(format!("{name}-page"));
    }
    for key in ["service.version", "deployment.environment.name"] {
        if let Some(value) = text(key) {
            resource[key] = json!(value);
        }
    }
    resource
}

/// As the semantic conventions have it.
fn os_type() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_of_the_same_version_and_environment_under_a_name_of_its_own() {
        let options = Builder::new().service_name("people").environment("test");
        let page = page_resource(&backend_resource(&options, "People", "1.2.3"));
        assert_eq!(
            page,
            json!({ "service.name": "people-page", "service.version": "1.2.3", "deployment.environment.name": "test" })
        );
    }
}
