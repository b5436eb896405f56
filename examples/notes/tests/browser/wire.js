// What reaches the service, written down on its side of the browser; and what a middlebox may do to it.

import { once } from "node:events";
import http from "node:http";

export class Wire {
  #service;
  #hidden;
  #server;
  #change;
  #answer;
  #lost;
  #held;
  #kept;
  #isCut;

  // `service` is the URL of the notes; the browser never sees the headers whose names are in `hidden`.
  static async before(service, hidden = []) {
    const wire = new Wire();
    wire.#hidden = hidden;
    wire.forget();
    wire.#service = new URL(service);
    wire.#server = http.createServer((request, response) => wire.#pass(request, response));
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    wire.url = `http://127.0.0.1:${wire.#server.address().port}/`;
    return wire;
  }

  // From now on: a request is changed on its way to the service.
  changes(change) {
    this.#change = change;
  }

  // From now on: a request with this method gets this answer, and never reaches the service.
  answers(method, status, fields) {
    this.#answer = { method, status, fields };
  }

  // From now on: a request with this method reaches the service, and its answer reaches nobody.
  losesAnswersTo(method) {
    this.#lost = method;
  }

  // Whether nobody is reached, and so nobody answers.
  isCut(isCut) {
    this.#isCut = isCut;
  }

  // From now on: a request with this method waits, until the function that is returned is called.
  holds(method) {
    let release;
    const released = new Promise((resolve) => { release = resolve; });
    this.#held = { method, released };
    return release;
  }

  // The next answer to this request is kept back. `isKept` says that it is there, `release` passes it on.
  keepsBackNext(method, path) {
    const kept = {};
    kept.isKept = new Promise((resolve) => { kept.arrived = resolve; });
    kept.isReleased = new Promise((resolve) => { kept.release = resolve; });
    this.#kept = { method, path, ...kept };
    return kept;
  }

  // Forgets what was written down, and leaves everything as it is again.
  forget() {
    this.exchanges = [];
    this.#change = () => {};
    this.#answer = null;
    this.#lost = null;
    this.#held = null;
    this.#kept = null;
    this.#isCut = false;
  }

  // The exchanges so far with this method and path.
  of(method, path) {
    return this.exchanges.filter((exchange) => exchange.method === method && exchange.path === path);
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #shown(headers) {
    return Object.fromEntries(Object.entries(headers).filter(([name]) => !this.#hidden.includes(name)));
  }

  async #pass(request, response) {
    const { method, url: path, headers } = request;
    if (this.#isCut) {
      response.destroy();
      return;
    }
    if (method === this.#held?.method) await this.#held.released;
    if (method === this.#answer?.method) {
      response.writeHead(this.#answer.status, this.#answer.fields).end();
      return;
    }
    this.#change({ method, headers });
    const kept = this.#kept?.method === method && this.#kept.path === path ? this.#kept : null;
    if (kept) this.#kept = null;
    const onward = http.request(this.#service, { method, path, headers }, async (answer) => {
      this.exchanges.push({ method, path, headers, status: answer.statusCode, fields: answer.headers });
      if (method === this.#lost) {
        answer.resume();
        response.destroy();
        return;
      }
      kept?.arrived();
      await kept?.isReleased;
      response.writeHead(answer.statusCode, this.#shown(answer.headers));
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  }
}
