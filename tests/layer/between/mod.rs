//! What stands between client and origin: compressors and proxies that rewrite tags, caches, other origins.

mod caches;
mod cors;
mod finish;
mod rewritten;
mod wire;
