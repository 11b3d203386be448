// A small JSON API with nothing but Node's standard library.
//
// Run it by hand:   PORT=3000 node app.js

"use strict";

const http = require("node:http");

const PORT = Number(process.env.PORT || 3000);
// Set anew by every deployment; the header below proves which one is answering.
const RELEASE = process.env.FABRIK_RELEASE || "none";

const routes = new Map([
  ["/", () => ({ message: "Hello from your new API" })],
  ["/health", () => ({ status: "ok" })],
]);

function answer(request, response) {
  const route = routes.get(request.url.split("?")[0]);
  const known = route !== undefined && ["GET", "HEAD"].includes(request.method);
  const body = JSON.stringify(known ? route() : { error: "not found" });
  response.writeHead(known ? 200 : 404, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    "X-Fabrik-Release": RELEASE,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

// Asks the running app whether it is well; the container's own health check.
function check() {
  const request = http.get({ host: "127.0.0.1", port: PORT, path: "/health", timeout: 2000 });
  request.on("response", (response) => process.exit(response.statusCode === 200 ? 0 : 1));
  request.on("timeout", () => process.exit(1));
  request.on("error", () => process.exit(1));
}

function serve() {
  const server = http.createServer(answer);
  const stop = () => {
    server.close(() => console.log("stopped"));
    server.closeIdleConnections();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  server.listen(PORT, () => console.log(`listening on port ${PORT}, release ${RELEASE}`));
}

if (process.argv.includes("--check")) check();
else serve();
