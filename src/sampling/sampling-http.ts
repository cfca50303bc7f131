/** Remote sampling over HTTP: any path, one `service`, the strategy as JSON. */

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { StrategySource } from "./strategy-source.ts";

/** Answers what Jaeger's SDKs ask; its own texts, as Go's `http.Error` writes them, for what it refuses. */
export function samplingListener(source: StrategySource): RequestListener {
  return (request, response) => {
    // A response to a client that is gone fails on the socket; there is nobody left to tell.
    response.on("error", () => {});
    answer(source, request, response);
  };
}

function answer(source: StrategySource, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET");
    sendText(response, 405, "Method Not Allowed");
    return;
  }
  const services = servicesIn(request.url ?? "/");
  const [service] = services;
  if (service === undefined || services.length > 1) {
    sendText(response, 400, "'service' parameter must be provided once");
    return;
  }
  const body = Buffer.from(JSON.stringify(source.strategyOf(service)));
  response.writeHead(200, { "Content-Type": "application/json", "Content-Length": body.length });
  response.end(body);
}

function servicesIn(url: string): readonly string[] {
  const query = url.indexOf("?");
  return query < 0 ? [] : new URLSearchParams(url.slice(query + 1)).getAll("service");
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(`${text}\n`);
}
