/** The HTTP application of Jaeger's query API: at the root of the main port, behind the native API. */

import type { Express } from "express";
import { createForeignApp } from "../foreign-api.ts";
import type { JaegerApiOptions } from "./jaeger-options.ts";
import { legacyRoutes } from "./legacy-routes.ts";
import { v3Routes } from "./v3-routes.ts";

/** Makes the express application; the caller mounts it. Paths that are not there are left to the caller. */
export function createJaegerApi(options: JaegerApiOptions): Express {
  return createForeignApp({
    ...options,
    routes: [...legacyRoutes(options), ...v3Routes(options)],
    refusalOf: (error) => ({
      status: error.meaning.httpStatus,
      contentType: "text/plain; charset=utf-8",
      text: `${error.message}\n`,
    }),
  });
}
