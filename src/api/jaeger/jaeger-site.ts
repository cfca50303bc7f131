/** Everything under `/jaeger`: the API again, and with a folder of assets Jaeger's UI. */

import { join } from "node:path";
import type { Express, NextFunction, Request, RequestHandler, Response } from "express";
import express from "express";
import type { Logger } from "../../base/logger.ts";
import { refusing } from "../answer-refusal.ts";
import type { JaegerSettings } from "./jaeger-options.ts";
import { legacyRefusal } from "./legacy-refusal.ts";
import { UI_BASE, uiPage } from "./ui-page.ts";

/** Names of assets hold a hash of what is in them. */
const ASSET_SECONDS = 31_536_000;

/**
 * The UI brings scripts and styles of its own, some of them in the page, and lays graphs out in workers made of text:
 * what it needs varies with its build, but nothing of it comes from elsewhere.
 */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
  "style-src 'self' 'unsafe-inline'",
  "worker-src 'self' blob:",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
].join("; ");

/** What {@link openJaegerSite} works with. */
export interface JaegerSiteOptions {
  /** What `createJaegerApi` made. */
  readonly api: Express;
  readonly jaeger: JaegerSettings;
  readonly version: string;
  readonly logger: Logger;
}

/**
 * Makes the express application, to be mounted at `/jaeger`. Paths that are neither of the API nor an asset are the page
 * of the UI, which reads the rest of the path itself; without a folder of assets they are left to the caller.
 *
 * @throws TracAggError `failed_precondition` when there is a folder and its page or the UI's configuration cannot be
 * read.
 */
export async function openJaegerSite({ api, jaeger, version, logger }: JaegerSiteOptions): Promise<Express> {
  const site = express();
  site.disable("x-powered-by");
  site.enable("case sensitive routing");
  site.use(api);
  if (jaeger.uiDir === "") return site;
  const makePage = () => uiPage({ uiDir: jaeger.uiDir, configFile: jaeger.uiConfig, version });
  await makePage();
  const page = pageHandler(makePage);
  const assets = { index: false, redirect: false } as const;
  const hashed = { ...assets, maxAge: ASSET_SECONDS * 1_000 };
  site.use(withPolicy);
  site.use("/static", express.static(join(jaeger.uiDir, "static"), hashed), (_request, response) => {
    response.status(404).type("text/plain").send("404 page not found\n");
  });
  site.get(["/", "/index.html"], page);
  site.use(express.static(jaeger.uiDir, assets));
  site.get("/*path", page);
  site.use(refusing(logger, legacyRefusal));
  return site;
}

function withPolicy(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader("Content-Security-Policy", POLICY);
  next();
}

/** The page is read anew each time: it is small, and a new build is served without a restart. */
function pageHandler(makePage: () => Promise<string>): RequestHandler {
  return async (request, response) => {
    // Without the slash the UI would take the root for its own.
    if (`${request.originalUrl.split("?")[0]}/` === UI_BASE) {
      response.redirect(302, UI_BASE);
      return;
    }
    const html = await makePage();
    response.setHeader("Cache-Control", "no-store");
    response.type("html").send(html);
  };
}
