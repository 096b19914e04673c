//! The attribute `command` of `tauri-plugin-throughline`, which documents it.

use proc_macro::TokenStream;
use quote::quote;
use syn::{ItemFn, parse_macro_input, parse_quote};

#[proc_macro_attribute]
pub fn command(attributes: TokenStream, item: TokenStream) -> TokenStream {
    let attributes = proc_macro2::TokenStream::from(attributes);
    let mut function = parse_macro_input!(item as ItemFn);
    let body = &function.block;
    // Tauri gives it, as it gives a `State`; the page's arguments stay what they were.
    let context = quote!(__throughline_context);
    function.block = if function.sig.asyncness.is_some() {
        parse_quote!({ #context.follow(async move #body).await })
    } else {
        parse_quote!({ #context.within(move || #body) })
    };
    function.sig.inputs.push(parse_quote!(#context: ::tauri_plugin_throughline::CommandContext));
    quote!(#[::tauri::command(#attributes)] #function).into()
}
