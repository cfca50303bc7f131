/** A small shop: `GET /orders/:id` calls its own price service over HTTP; an unknown order is an error. */

import type { AddressInfo } from "node:net";
import { SpanStatusCode, trace } from "@opentelemetry/api";
import express from "express";

const tracer = trace.getTracer("shop");
const app = express();

app.get("/prices/:id", (request, response) => {
  response.json({ id: request.params.id, cents: request.params.id.length * 100 });
});

app.get("/orders/:id", async (request, response) => {
  const { id } = request.params;
  await tracer.startActiveSpan("load order", async (span) => {
    span.setAttribute("order.id", id);
    span.addEvent("cache miss", { "cache.name": "orders" });
    if (id === "unknown") {
      span.setStatus({ code: SpanStatusCode.ERROR, message: "no such order" });
      response.status(404).json({ error: "no such order" });
    } else {
      const { port } = server.address() as AddressInfo;
      const price = await fetchJson(`http://127.0.0.1:${port}/prices/${id}`);
      response.json({ id, price });
    }
    span.end();
  });
});

/** node:http, because the HTTP instrumentation covers it and not the built-in fetch. */
async function fetchJson(url: string): Promise<unknown> {
  const http = await import("node:http");
  return new Promise((resolve, reject) => {
    const request = http.get(url, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () => resolve(JSON.parse(text)));
    });
    request.on("error", reject);
  });
}

const server = app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => {
  console.log(`shop listens on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
