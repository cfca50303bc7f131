/** The HTTP application of Jaeger's query API: at the root of the main port, behind the native API. */

import type { Express, Request } from "express";
import type { TracAggError } from "../../base/errors.ts";
import type { Refusal } from "../answer-refusal.ts";
import { createForeignApp } from "../foreign-api.ts";
import type { JaegerApiOptions } from "./jaeger-options.ts";
import { legacyRoutes } from "./legacy-routes.ts";
import { v3Refusal } from "./v3-error.ts";
import { v3Routes } from "./v3-routes.ts";

/** Makes the express application; the caller mounts it. Paths that are not there are left to the caller. */
export function createJaegerApi(options: JaegerApiOptions): Express {
  return createForeignApp({
    ...options,
    routes: [...legacyRoutes(options), ...v3Routes(options)],
    refusalOf: (error, request) => (isV3(request) ? v3Refusal(error) : legacyRefusal(error)),
  });
}

function isV3({ path }: Request): boolean {
  return path.startsWith("/api/v3/");
}

function legacyRefusal(error: TracAggError): Refusal {
  return {
    status: error.meaning.httpStatus,
    contentType: "text/plain; charset=utf-8",
    text: `${error.message}\n`,
  };
}
