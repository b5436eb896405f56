"""b1sl-python against an OData service: it sends If-Match by itself, from the ETag of what it has read. Prints each write."""

import sys

from b1sl.b1sl.base_adapter import ObservabilityConfig
from b1sl.b1sl.config import B1Config
from b1sl.b1sl.exceptions.exceptions import SAPConcurrencyError
from b1sl.b1sl.rest_adapter import RestAdapter


def client():
    config = B1Config(base_url=sys.argv[1] + "/b1s/v2", username="u", password="p", company_db="c")
    odata = RestAdapter(config)
    odata.session.event_hooks["response"].append(print_write)
    return odata


def print_write(response):
    request = response.request
    if request.method not in ("GET", "POST"):
        sent = request.headers.get("if-match", "-")
        print(request.method, sent, response.status_code, response.headers.get("etag", "-"))


ours, theirs = client(), client()
item = f"/Items('{ours.post('/Items', data={'ItemName': 'milk'}).data['ItemCode']}')"
ours.get(item)
theirs.get(item)

# Somebody else saves first, so our save is refused.
theirs.patch(item, data={"ForeignName": "lait"})
try:
    ours.patch(item, data={"ItemName": "whole milk"})
    sys.exit("an update was lost")
except SAPConcurrencyError:
    pass

# Fetched again, our change is made to what is there now.
assert ours.get(item).data["ForeignName"] == "lait"
saved = ours.patch(item, data={"ItemName": "whole milk"}).data
assert (saved["ItemName"], saved["ForeignName"]) == ("whole milk", "lait"), saved

ours.delete(item)
