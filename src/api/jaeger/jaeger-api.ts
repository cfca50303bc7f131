/** The HTTP application of Jaeger's query API: at the root of the main port, behind the native API, and under `/jaeger`. */

import type { Express, Request, Response } from "express";
import express from "express";
import { createForeignApp } from "../foreign-api.ts";
import type { JaegerApiOptions } from "./jaeger-options.ts";
import { legacyRefusal } from "./legacy-refusal.ts";
import { legacyRoutes } from "./legacy-routes.ts";
import { traceResponse } from "./trace-response.ts";
import { v3Refusal } from "./v3-error.ts";
import { v3Routes } from "./v3-routes.ts";

/** The native API, whose unknown paths are told by itself. */
const NATIVE_PATH = /^\/v1(?:\/|$)/;

/**
 * Makes the express application; the caller mounts it. Unknown paths under `/api` are refused as Jaeger does, but for
 * those of the native API; others are left to the caller.
 */
export function createJaegerApi(options: JaegerApiOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.enable("case sensitive routing");
  app.use(["/api", "/analytics"], traceResponse());
  app.use(
    createForeignApp({
      ...options,
      routes: [...legacyRoutes(options), ...v3Routes(options)],
      refusalOf: (error, request) => (isV3(request) ? v3Refusal(error) : legacyRefusal(error)),
    }),
  );
  app.use("/api", (request, response, next) => {
    const isNative = request.path === "/" || NATIVE_PATH.test(request.path);
    if (isNative && request.baseUrl === "/api") next();
    else pageNotFound(request, response);
  });
  return app;
}

function isV3({ path }: Request): boolean {
  return path.startsWith("/api/v3/");
}

function pageNotFound(_request: Request, response: Response): void {
  response.status(404).type("text/plain").send("404 page not found\n");
}
