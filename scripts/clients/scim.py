"""scim2-client against a SCIM service: it sends If-Match by itself, from meta.version. Prints each write."""

import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import PreconditionFailedException, User


def print_write(response):
    request = response.request
    if request.method not in ("GET", "POST"):
        sent = request.headers.get("if-match", "-")
        print(request.method, sent, response.status_code, response.headers.get("etag", "-"))


http = Client(base_url=sys.argv[1] + "/scim/v2", event_hooks={"response": [print_write]})
scim = SyncSCIMClient(http, resource_models=[User])
scim.discover(schemas=False, resource_types=False)

ours = scim.create(User(user_name="amara"))
theirs = scim.query(User, ours.id)

# Somebody else saves first, so our save is refused.
theirs.display_name = "Theirs"
scim.replace(theirs)
ours.nick_name = "Ours"
try:
    scim.replace(ours)
    sys.exit("an update was lost")
except PreconditionFailedException:
    pass

# Fetched again, our change is made to what is there now. Unchanged, it is not fetched once more (304).
again = scim.query(ours)
assert (again.display_name, again.nick_name) == ("Theirs", None), again
again.nick_name = "Ours"
saved = scim.replace(again)
assert scim.query(saved) is saved
assert (saved.display_name, saved.nick_name) == ("Theirs", "Ours"), saved

scim.delete(saved)
