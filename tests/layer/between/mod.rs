//! Between client and origin server: compressors and proxies that rewrite tags, caches, other origins.

mod caches;
mod content_coding;
mod cors;
mod rewritten;
mod wire;
