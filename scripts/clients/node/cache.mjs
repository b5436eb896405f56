// A caching client: gets the URL once for each line of input, and says what it got.
import { createInterface } from "node:readline";
import { Agent, interceptors, request } from "undici";

const url = process.argv[2];
const dispatcher = new Agent().compose(interceptors.cache());
for await (const _ of createInterface({ input: process.stdin })) {
  const answer = await request(url, { dispatcher });
  const text = await answer.body.text();
  console.log(answer.statusCode, answer.headers["x-deploy"], text.length);
}
await dispatcher.close();
