//! Which proxy is between, and what it is known to do to tags.

use http::HeaderMap;
use http::header::{HeaderName, SERVER, VIA};

use super::tag::{Rewrite, escaped};

/// A proxy or CDN that is known to rewrite tags, or to be asked about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Proxy {
    /// nginx, and OpenResty.
    Nginx,
    /// Apache httpd.
    Apache,
    /// Varnish.
    Varnish,
    /// HAProxy, which says nothing of itself.
    HaProxy,
    /// Caddy.
    Caddy,
    /// lighttpd.
    Lighttpd,
    /// Envoy, and what is built on it.
    Envoy,
    /// Squid.
    Squid,
    /// Cloudflare.
    Cloudflare,
    /// Amazon CloudFront.
    CloudFront,
    /// Fastly.
    Fastly,
    /// Supabase, which is behind Cloudflare.
    Supabase,
}

/// A proxy, and the field by which it was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recognised {
    /// The proxy.
    pub proxy: Proxy,
    /// The line that shows it: `server: nginx/1.22.1`.
    pub evidence: String,
}

/// A field that shows a proxy: its name, and what has to be in its value (in lower case; empty for anything).
struct Mark {
    field: &'static str,
    value: &'static str,
    proxy: Proxy,
}

const fn mark(field: &'static str, value: &'static str, proxy: Proxy) -> Mark {
    Mark {
        field,
        value,
        proxy,
    }
}

/// The fields of one proxy stand together; the first that is there is its evidence.
static MARKS: [Mark; 26] = [
    mark("sb-gateway-version", "", Proxy::Supabase),
    mark("sb-project-ref", "", Proxy::Supabase),
    mark("sb-request-id", "", Proxy::Supabase),
    mark("x-sb-edge-region", "", Proxy::Supabase),
    mark("cf-ray", "", Proxy::Cloudflare),
    mark("cf-cache-status", "", Proxy::Cloudflare),
    mark("server", "cloudflare", Proxy::Cloudflare),
    mark("x-amz-cf-id", "", Proxy::CloudFront),
    mark("x-amz-cf-pop", "", Proxy::CloudFront),
    mark("via", "cloudfront", Proxy::CloudFront),
    mark("x-served-by", "cache-", Proxy::Fastly),
    mark("x-fastly-request-id", "", Proxy::Fastly),
    mark("fastly-restarts", "", Proxy::Fastly),
    mark("x-varnish", "", Proxy::Varnish),
    mark("via", "varnish", Proxy::Varnish),
    mark("x-envoy-upstream-service-time", "", Proxy::Envoy),
    mark("server", "envoy", Proxy::Envoy),
    mark("via", "caddy", Proxy::Caddy),
    mark("server", "caddy", Proxy::Caddy),
    mark("via", "squid", Proxy::Squid),
    mark("x-squid-error", "", Proxy::Squid),
    mark("server", "nginx", Proxy::Nginx),
    mark("server", "openresty", Proxy::Nginx),
    mark("server", "apache", Proxy::Apache),
    mark("via", "apache", Proxy::Apache),
    mark("server", "lighttpd", Proxy::Lighttpd),
];

/// The proxies that the edge's fields show, each once. What the origin says itself shows nothing of the edge.
///
/// # Examples
///
/// ```
/// use http::HeaderMap;
/// use tower_conditional_doctor::edge::{Proxy, recognise};
///
/// let mut edge = HeaderMap::new();
/// edge.insert("server", "nginx/1.22.1".parse().unwrap());
/// let recognised = recognise(&edge, &HeaderMap::new());
/// assert_eq!(recognised[0].proxy, Proxy::Nginx);
/// assert_eq!(recognised[0].evidence, "server: nginx/1.22.1");
/// ```
#[must_use]
pub fn recognise(edge: &HeaderMap, origin: &HeaderMap) -> Vec<Recognised> {
    let mut recognised: Vec<Recognised> = Vec::new();
    for mark in &MARKS {
        let name = HeaderName::from_static(mark.field);
        let is_new =
            |value: &&http::HeaderValue| !origin.get_all(&name).iter().any(|own| own == *value);
        let shows = |value: &&http::HeaderValue| {
            let value = value.as_bytes().to_ascii_lowercase();
            mark.value.is_empty() || contains(&value, mark.value.as_bytes())
        };
        let shown = edge.get_all(&name).iter().filter(is_new).find(shows);
        let is_known = recognised.iter().any(|known| known.proxy == mark.proxy);
        // Fastly's machines are Varnish by name.
        let is_fastly = mark.proxy == Proxy::Varnish
            && recognised.iter().any(|known| known.proxy == Proxy::Fastly);
        if let Some(value) = shown
            && !is_known
            && !is_fastly
        {
            recognised.push(Recognised {
                proxy: mark.proxy,
                evidence: evidence(&name, value.as_bytes()),
            });
        }
    }
    recognised
}

/// How much of a field's value is shown.
const SHOWN: usize = 80;

fn evidence(name: &HeaderName, value: &[u8]) -> String {
    // An id is of no use to a reader.
    let shown = match *name {
        SERVER | VIA => value.get(..SHOWN).unwrap_or(value),
        _ => value.get(..SHOWN / 4).unwrap_or(value),
    };
    let more = if shown.len() < value.len() { "…" } else { "" };
    format!("{name}: {}{more}", escaped(shown))
}

fn contains(value: &[u8], part: &[u8]) -> bool {
    value.windows(part.len()).any(|window| window == part)
}

impl Proxy {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Nginx,
        Self::Apache,
        Self::Varnish,
        Self::HaProxy,
        Self::Caddy,
        Self::Lighttpd,
        Self::Envoy,
        Self::Squid,
        Self::Cloudflare,
        Self::CloudFront,
        Self::Fastly,
        Self::Supabase,
    ];

    /// Its name: `nginx`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Apache => "Apache httpd",
            Self::Varnish => "Varnish",
            Self::HaProxy => "HAProxy",
            Self::Caddy => "Caddy",
            Self::Lighttpd => "lighttpd",
            Self::Envoy => "Envoy",
            Self::Squid => "Squid",
            Self::Cloudflare => "Cloudflare",
            Self::CloudFront => "CloudFront",
            Self::Fastly => "Fastly",
            Self::Supabase => "Supabase",
        }
    }

    /// Whether it is known to do this to a tag, when it compresses or decompresses.
    #[must_use]
    pub fn does(self, rewrite: Rewrite<'_>) -> bool {
        match rewrite {
            Rewrite::Weakened => matches!(
                self,
                Self::Nginx
                    | Self::Varnish
                    | Self::HaProxy
                    | Self::Envoy
                    | Self::Cloudflare
                    | Self::CloudFront
                    | Self::Supabase
            ),
            Rewrite::Suffixed("-gzip" | "-br" | "-deflate") => {
                matches!(self, Self::Apache | Self::Caddy | Self::Lighttpd)
            }
            Rewrite::Suffixed("-zstd") => matches!(self, Self::Caddy | Self::Lighttpd),
            Rewrite::Removed => matches!(self, Self::Apache | Self::Envoy | Self::Cloudflare),
            _ => false,
        }
    }

    /// The setting that leaves the tags alone.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Nginx => {
                "`gzip off;` (and `brotli off;`) in the `location` of these routes: nginx always weakens the tag of what it compresses"
            }
            Self::Apache => {
                "`SetEnv no-gzip 1` and `SetEnv no-brotli 1` in the `<Location>` of these routes; or `DeflateAlterETag NoChange` and `BrotliAlterETag NoChange`, which keep one strong tag for different bytes"
            }
            Self::Varnish => {
                "no `set beresp.do_gzip = true;` for these routes, and `varnishd -p http_gzip_support=off`: otherwise it also weakens what it decompresses"
            }
            Self::HaProxy => {
                "no `compression algo` in the section of these routes; or send `Cache-Control: no-transform`, which it respects"
            }
            Self::Caddy => "a matcher that excludes these routes from `encode`",
            Self::Lighttpd => {
                "`deflate.mimetypes = ()` for these routes, inside `$HTTP[\"url\"] =~ …`"
            }
            Self::Envoy => {
                "`disable_on_etag_header: true` in the compressor's `response_direction_config`; otherwise it removes strong tags, or weakens them with `weaken_etag_on_compress`"
            }
            Self::Squid => "nothing: Squid compresses nothing by itself; look at what is behind it",
            Self::Cloudflare => {
                "a Cache Rule with \"Respect strong ETags\", and a Compression Rule that disables compression for these routes; without Email Obfuscation and Automatic HTTPS Rewrites"
            }
            Self::CloudFront => {
                "\"Compress objects automatically: No\" (`Compress: false`) in the cache behavior of these routes"
            }
            Self::Fastly => {
                "no `beresp.gzip` and no `X-Compress-Hint` for these routes; look in the VCL for what sets or unsets `ETag`"
            }
            Self::Supabase => {
                "none that you can change: the gateway before the functions compresses"
            }
        }
    }
}

/// What an edge does, as measured with the proxies that can be installed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Behaviour<'t> {
    pub(crate) rewrite: Rewrite<'t>,
    /// Whether it does it to what nobody wants compressed, too.
    pub(crate) of_plain: bool,
    /// Whether it does it to the answers to HEAD, too.
    pub(crate) of_heads: bool,
}

impl Behaviour<'_> {
    /// The proxies that do this and can be configured to say nothing of themselves, the most likely first: HAProxy never says
    /// anything. CDNs always do.
    pub(crate) fn silent_proxies(self) -> Vec<Proxy> {
        let likely = match (self.rewrite, self.of_plain, self.of_heads) {
            // It stores what it has compressed, and decompresses that.
            (Rewrite::Weakened, true, _) => Some(Proxy::Varnish),
            (Rewrite::Weakened, false, true) => Some(Proxy::Nginx),
            (Rewrite::Weakened, false, false) => Some(Proxy::HaProxy),
            (Rewrite::Removed, ..) => Some(Proxy::Envoy),
            _ => None,
        };
        let is_silent = |proxy: &Proxy| {
            !matches!(
                proxy,
                Proxy::Cloudflare | Proxy::CloudFront | Proxy::Fastly | Proxy::Supabase
            )
        };
        let others = Proxy::ALL
            .into_iter()
            .filter(|proxy| Some(*proxy) != likely && proxy.does(self.rewrite));
        likely.into_iter().chain(others).filter(is_silent).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut fields = HeaderMap::new();
        for (name, value) in lines {
            fields.append(*name, value.parse().unwrap());
        }
        fields
    }

    #[test]
    fn each_is_recognised_by_what_it_says() {
        for (lines, expected) in [
            (&[("server", "nginx")][..], &[Proxy::Nginx][..]),
            (&[("server", "openresty/1.25")], &[Proxy::Nginx]),
            (&[("server", "Apache/2.4.67 (Debian)")], &[Proxy::Apache]),
            (
                &[("via", "1.1 x (Varnish/7.1)"), ("x-varnish", "3")],
                &[Proxy::Varnish],
            ),
            (&[("server", "Caddy")], &[Proxy::Caddy]),
            (&[("server", "lighttpd/1.4.69")], &[Proxy::Lighttpd]),
            (
                &[("server", "envoy"), ("x-envoy-upstream-service-time", "1")],
                &[Proxy::Envoy],
            ),
            (&[("via", "1.1 host (squid/5.7)")], &[Proxy::Squid]),
            (
                &[("server", "cloudflare"), ("cf-ray", "8-FRA")],
                &[Proxy::Cloudflare],
            ),
            (
                &[
                    ("via", "1.1 abc.cloudfront.net (CloudFront)"),
                    ("x-amz-cf-id", "x"),
                ],
                &[Proxy::CloudFront],
            ),
            (
                &[("via", "1.1 varnish"), ("x-served-by", "cache-fra1-FRA")],
                &[Proxy::Fastly],
            ),
            (
                &[
                    ("cf-ray", "8"),
                    ("sb-project-ref", "x"),
                    ("server", "cloudflare"),
                ],
                &[Proxy::Supabase, Proxy::Cloudflare],
            ),
            // What comes with the content says nothing.
            (&[("server", "hyper"), ("x-served-by", "web-3")], &[]),
            (&[], &[]),
        ] {
            let recognised = recognise(&fields(lines), &HeaderMap::new());
            let proxies: Vec<_> = recognised.iter().map(|known| known.proxy).collect();
            assert_eq!(proxies, expected, "{lines:?}");
        }
    }

    #[test]
    fn what_the_origin_says_itself_shows_nothing() {
        let own = fields(&[("server", "nginx/1.22.1")]);
        assert_eq!(recognise(&own, &own), []);
        let through = fields(&[("server", "nginx/1.22.1"), ("via", "1.1 varnish")]);
        let recognised = recognise(&through, &own);
        assert_eq!(recognised.len(), 1, "{recognised:?}");
        assert_eq!(recognised[0].proxy, Proxy::Varnish);
    }

    #[test]
    fn evidence_is_short_and_printable() {
        let mut edge = HeaderMap::new();
        let value = [b"nginx \xff".to_vec(), vec![b'x'; 10_000]].concat();
        edge.insert("server", http::HeaderValue::from_bytes(&value).unwrap());
        let recognised = recognise(&edge, &HeaderMap::new());
        let evidence = &recognised[0].evidence;
        assert!(evidence.starts_with(r"server: nginx \xffxx"), "{evidence}");
        assert!(evidence.len() < 120, "{evidence}");
    }
}
