"""Makes every status of every operation happen that the description of the notes has, and says which was not seen.

usage: every_status.py URL DATABASE

The 500 and the 503 are those of a database that has lost a table: this program takes it away, and puts it back.
"""

import contextlib
import http.client
import json
import sqlite3
import sys
import urllib.parse

url, database = sys.argv[1:]
host = urllib.parse.urlsplit(url).netloc
seen = set()


def send(method, path, body=None, **fields):
    """Sends a request. `if_match` is If-Match."""
    connection = http.client.HTTPConnection(host, timeout=40)
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request(method, path, text, {"content-type": "application/json", **fields})
    response = connection.getresponse()
    response.read()
    template = "/notes/{id}" if path.startswith("/notes/") else path
    seen.add((method.lower(), template, str(response.status)))
    return response


@contextlib.contextmanager
def without(table):
    with contextlib.closing(sqlite3.connect(database, timeout=10)) as connection:
        connection.execute(f"ALTER TABLE {table} RENAME TO taken_away")
        connection.commit()
        try:
            yield
        finally:
            connection.execute(f"ALTER TABLE taken_away RENAME TO {table}")
            connection.commit()


NOTE = {"title": "Milk", "body": "one litre"}
LONG = {"title": "Milk", "body": "x" * 300_000}
EDITS = {"theirs": NOTE, "mine": NOTE}


def tag(path):
    return send("GET", path).getheader("etag")


send("POST", "/merge", EDITS)
send("POST", "/merge", "no JSON")
send("POST", "/merge", {**EDITS, "mine": {"title": "", "body": "x" * 1_100_000}})

listed = tag("/notes")
send("GET", "/notes", if_none_match=listed)
send("GET", "/notes", if_match="unquoted")
send("GET", "/notes", if_match='"other"')
send("POST", "/notes", NOTE)
send("POST", "/notes", "no JSON")
send("POST", "/notes", NOTE, if_match='"other"')
send("POST", "/notes", LONG)

path = "/notes/4711"
send("PUT", path, NOTE, if_none_match="*")
send("PUT", path, NOTE, if_match=tag(path))
send("GET", path, if_none_match=tag(path))
send("GET", path, if_match='"other"')
for method, body in [("GET", None), ("PUT", NOTE), ("PATCH", NOTE), ("DELETE", None)]:
    send(method, path, body, if_match="unquoted")
    send(method, "/notes/none", body, if_match='"other"')
    if method != "GET":
        send(method, path, body)
        send(method, path, body, if_match='"other"')
    if body:
        send(method, path, LONG, if_match=tag(path))
        send(method, path, {"title": 1}, if_match=tag(path))
send("PATCH", path, {"body": "two litres"}, if_match=tag(path))

current = tag(path)
with without("counter"):
    send("GET", "/notes")
    send("POST", "/notes", NOTE)
    send("POST", "/notes", NOTE, if_match='"other"')
    for method, body in [("PUT", NOTE), ("PATCH", NOTE), ("DELETE", None)]:
        send(method, path, body, if_match=current)
with without("notes"):
    for method, body in [("GET", None), ("PUT", NOTE), ("PATCH", NOTE), ("DELETE", None)]:
        send(method, path, body, if_match=current)
send("DELETE", path, if_match=tag(path))

connection = http.client.HTTPConnection(host)
connection.request("GET", "/openapi.json")
paths = json.load(connection.getresponse())["paths"]
described = {
    (method, path, status)
    for path, operations in paths.items()
    for method, operation in operations.items()
    for status in operation["responses"]
}
for what, rows in [("described, and not seen", described - seen), ("seen, and not described", seen - described)]:
    for row in sorted(rows):
        print(what, *row)
if described != seen:
    sys.exit(1)
print(f"{len(described)} statuses of {sum(map(len, paths.values()))} operations, each seen")
