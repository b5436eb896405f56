//! Recipes for what people ask most, each of them run as a test.
//!
//! | you have | recipe |
//! |---|---|
//! | rows with a version in SQLite | [databases](databases#sqlite) |
//! | rows with a version in PostgreSQL | [databases](databases#postgresql) |
//! | a map in memory | [databases](databases#in-memory) |
//! | tenants that share paths | [resources](resources#a-key-for-each-tenant) |
//! | one resource in several forms | [resources](resources#negotiated-representations) |
//! | a list | [resources](resources#collections) |
//! | GraphQL or RPC beside it | [neighbours](neighbours#graphql-and-rpc) |
//! | tonic in the same router | [neighbours](neighbours#tonic) |
//! | a gateway in front of others | [neighbours](neighbours#a-gateway) |
//! | a service that is not `Clone`, a `Buffer` | [neighbours](neighbours#buffer) |
//! | a 412 that nobody understands | [operation](operation#the-reason-of-a-412-in-the-log) |
//! | a router to be checked | [operation](operation#the-testkit-over-your-own-router) |
//!
//! Larger ones, with sockets and pages, are in the folder `examples` of the repository.

pub mod databases;
pub mod neighbours;
pub mod operation;
pub mod resources;
