//! What stands between client and origin: compressors and proxies that rewrite tags, caches, other origins.

mod finish;
mod rewritten;
