/** Zipkin's Lens: its configuration, and its built assets out of a folder. */

import { createHash } from "node:crypto";
import type { Express, RequestHandler, Response } from "express";
import express from "express";
import { routeMethod } from "../answer-refusal.ts";

const YEAR_SECONDS = 365 * 24 * 3_600;
/** Paths that the page itself shows, whatever file is asked for. */
const PAGE_PATHS = ["/", "/index.html", "/traces/:traceId", "/dependency", "/traceViewer"];

/**
 * What the page may do: its own scripts and requests, and the styles that its components write while it runs. Its
 * dependency graph lays itself out in a worker made of text, and compiles what it draws, which takes `unsafe-eval`.
 */
const PAGE_POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
  "worker-src 'self' blob:; img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'";

/** Byte for byte what Zipkin answers. */
const CONFIG_TEXT = `{
  "environment" : "",
  "queryLimit" : 10,
  "defaultLookback" : 900000,
  "searchEnabled" : true,
  "logsUrl" : null,
  "supportUrl" : null,
  "archivePostUrl" : null,
  "archiveUrl" : null,
  "dependency" : {
    "enabled" : true,
    "lowErrorRate" : 0.5,
    "highErrorRate" : 0.75
  }
}`;

const CONFIG_TAG = `"${createHash("sha256").update(CONFIG_TEXT).digest("base64url")}"`;

const NO_PAGE = `<!doctype html>
<html lang="en">
<title>Zipkin API of TracAgg</title>
<h1>Zipkin API of TracAgg</h1>
<p>The API answers under <code>/zipkin/api/v2</code>. Zipkin's own page, Lens, is not set up here: take the folder
<code>zipkin-lens</code> out of the <code>zipkin-lens</code> archive inside the server's jar
(<code>io.zipkin:zipkin-server</code>), and start TracAgg with <code>--zipkin-ui-dir</code> and that folder.</p>
</html>
`;

/**
 * Adds the page at the path the application is mounted at, `/zipkin`; where it is mounted at the root, redirects to it.
 *
 * @param uiDir folder with `index.html` and what belongs to it, "" for none
 */
export function routeLens(app: Express, uiDir: string): void {
  routeMethod(app, "GET", "/config.json", (request, response) => {
    response.setHeader("Cache-Control", "max-age=600");
    response.setHeader("ETag", CONFIG_TAG);
    response.type("application/json; charset=utf-8");
    if (request.fresh) response.status(304).end();
    else response.end(CONFIG_TEXT);
  });
  routeMethod(app, "GET", "/favicon.ico", rootOnly(redirectTo("/zipkin/favicon.ico")));
  for (const path of PAGE_PATHS) routeMethod(app, "GET", path, page(uiDir));
  if (uiDir === "") return;
  const assets = express.static(uiDir, { index: false, redirect: false, etag: true, setHeaders: cachedLong });
  app.use((request, response, next) => {
    if (request.baseUrl !== "/zipkin") next();
    else assets(request, response, next);
  });
}

function cachedLong(response: Response): void {
  response.setHeader("Cache-Control", `max-age=${YEAR_SECONDS}`);
}

function cachedBriefly(response: Response): void {
  response.setHeader("Cache-Control", "max-age=60");
}

function rootOnly(handler: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if (request.baseUrl === "/zipkin") next("route");
    else handler(request, response, next);
  };
}

function redirectTo(path: string): RequestHandler {
  return (_request, response) => {
    response.setHeader("Cache-Control", "no-store");
    response.redirect(302, path);
  };
}

function page(uiDir: string): RequestHandler {
  const toPage = redirectTo("/zipkin/");
  const show = uiDir === "" ? tellHow : indexOf(uiDir);
  return (request, response, next) => {
    if (request.baseUrl !== "/zipkin") {
      if (request.path === "/") toPage(request, response, next);
      else next("route");
    } else if (request.originalUrl.split("?")[0] === "/zipkin") {
      toPage(request, response, next);
    } else {
      response.setHeader("Content-Security-Policy", PAGE_POLICY);
      show(request, response, next);
    }
  };
}

const tellHow: RequestHandler = (_request, response) => {
  response.setHeader("Cache-Control", "no-store");
  response.type("html").send(NO_PAGE);
};

function indexOf(uiDir: string): RequestHandler {
  const files = express.static(uiDir, { index: false, redirect: false, setHeaders: cachedBriefly });
  return (request, response, next) => {
    request.url = "/index.html";
    files(request, response, next);
  };
}
