"""An S3 in memory (moto) on a free port of 127.0.0.1, with a bucket "notes". Its URL is the first line that it prints.

It takes one request at a time: moto compares the tag in one step and stores in another, and between two threads that is a race
which S3 does not have. GET /-requests answers the requests since it was last asked.
"""

import logging
import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.test import Client
from werkzeug.wrappers import Response

requests = []
s3 = DomainDispatcherApplication(create_backend_app)


def application(environ, start_response):
    if environ["PATH_INFO"] == "/-requests":
        response = Response("\n".join(requests))
        requests.clear()
        return response(environ, start_response)
    requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
    return s3(environ, start_response)


Client(s3).put("/notes", base_url="http://127.0.0.1")
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = make_server("127.0.0.1", 0, application, threaded=False)
# Many clients connect at once, and wait for their turn.
server.socket.listen(1024)
print(f"http://127.0.0.1:{server.port}", flush=True)
sys.stdout.close()
server.serve_forever()
