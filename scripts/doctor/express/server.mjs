// The files of a folder, and one response of a handler, as Express sends them by default.
import express from "express";

const [folder, port] = process.argv.slice(2);
const app = express();
app.use(express.static(folder));
app.get("/note", (_, answer) => answer.type("text/plain").send("a note of the handler"));
app.listen(Number(port), "127.0.0.1");
