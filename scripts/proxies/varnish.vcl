vcl 4.1;

backend origin {
    .host = "127.0.0.1";
    .port = "@ORIGIN@";
}

sub vcl_backend_response {
    # Compress what the origin sends plainly.
    if (beresp.http.Content-Type ~ "text/plain|application/json") {
        set beresp.do_gzip = true;
    }
    # Keep what is stale: there is something to revalidate.
    set beresp.grace = 0s;
    set beresp.keep = 1h;
}
