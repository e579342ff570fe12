//! What a slice brings: the binary wires a list of manifests, and tests walk over all of it.

use axum::{
    handler::Handler as AxumHandler,
    routing::{MethodRouter, delete, get, patch, post, put},
};
use linli_store::{Migration, worker::Handlers};

use crate::App;

/// Who may call a route at all; the use case behind it decides about the thing itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; the page shows nothing that is not public or proven by a token in the address.
    Public,
    /// Anybody who is logged in.
    LoggedIn,
    /// Whoever holds this action of `policies/permissions.csv` somewhere.
    May(&'static str),
}

/// An HTTP method that routes use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Does.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Removes.
    Delete,
}

impl Verb {
    /// The method's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// One route: method, path, who, handler.
pub struct Route {
    /// The method.
    pub verb: Verb,
    /// The path in axum's notation.
    pub path: &'static str,
    /// Who may call it at all.
    pub access: Access,
    /// The handler.
    pub handler: MethodRouter<App>,
}

macro_rules! verb {
    ($($(#[$doc:meta])* $name:ident, $verb:ident, $on:ident;)*) => { impl Route { $(
        $(#[$doc])*
        pub fn $name<H, T>(path: &'static str, access: Access, handler: H) -> Self
        where H: AxumHandler<T, App>, T: 'static {
            Self { verb: Verb::$verb, path, access, handler: $on(handler) }
        }
    )* } };
}

verb! {
    /// A GET route.
    get, Get, get;
    /// A POST route.
    post, Post, post;
    /// A PUT route.
    put, Put, put;
    /// A PATCH route.
    patch, Patch, patch;
    /// A DELETE route.
    delete, Delete, delete;
}

/// A slice as the binary sees it.
pub struct Manifest {
    /// The slice's name.
    pub name: &'static str,
    /// Its schema, in order.
    pub migrations: &'static [Migration],
    /// Its pages and interfaces.
    pub routes: fn() -> Vec<Route>,
    /// Its jobs and event handlers.
    pub handlers: fn() -> Handlers,
    /// Its texts: language and Fluent source.
    pub locales: &'static [(&'static str, &'static str)],
    /// Its part of the OpenAPI document: a JSON object with `paths` and `components.schemas`.
    pub openapi: fn() -> serde_json::Value,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            name: "",
            migrations: &[],
            routes: Vec::new,
            handlers: Handlers::new,
            locales: &[],
            openapi: || serde_json::Value::Null,
        }
    }
}
