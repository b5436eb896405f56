// What Express does for the same job by default: a weak tag, hashed from the body of every response.
import { createServer } from "node:http";
import express from "express";

const plain = express();
plain.disable("etag");
const tagging = express();
for (const [name, size] of [["1k", 1024], ["64k", 64 * 1024]]) {
  const body = Buffer.alloc(size, "x");
  const send = (_, answer) => answer.type("application/octet-stream").send(body);
  plain.get(`/bare/${name}`, send);
  tagging.get(`/hashed/${name}`, send);
}
// One beside the other: an application mounted in the other would pay for both.
const server = createServer((request, answer) =>
  request.url.startsWith("/bare/") ? plain(request, answer) : tagging(request, answer),
);
server.listen(Number(process.argv[2]), "127.0.0.1");
