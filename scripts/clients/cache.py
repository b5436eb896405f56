"""A caching client: gets the URL once for each line of input, and says what it got."""

import sys

import requests
from cachecontrol import CacheControl

session = CacheControl(requests.Session())
for _ in sys.stdin:
    answer = session.get(sys.argv[1])
    print(answer.status_code, answer.headers["x-deploy"], len(answer.text), flush=True)
