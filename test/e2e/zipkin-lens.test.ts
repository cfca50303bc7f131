/** Zipkin's own page, unmodified, in a browser, over spans that came by OTLP. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { chromium as playwright } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeSpans } from "../../src/codec/otlp-protobuf/encode-request.ts";
import type { Span } from "../../src/model/span.ts";
import type { ServerProcess } from "../helpers/server-process.ts";
import { startServerProcess, temporaryFolder } from "../helpers/server-process.ts";
import { BUILDER_START_UNIX_NANO, buildSpan, traceIdOf } from "../helpers/trace-builder.ts";
import { chromium, zipkinLens } from "../helpers/zipkin-lens.ts";

const MINUTE_NANOS = 60_000_000_000n;

const folder = temporaryFolder();
const data = temporaryFolder();
const browserPath = chromium();
const lens = "missing" in browserPath ? browserPath : await zipkinLens(folder.path);
const missing = "missing" in lens ? lens.missing : undefined;
if (missing !== undefined) console.warn(`skipped, since this machine has not: ${missing}`);

/** A minute ago: the page looks back a quarter of an hour. */
function spansOfNow(): readonly Span[] {
  const later = BigInt(Date.now()) * 1_000_000n - MINUTE_NANOS - BUILDER_START_UNIX_NANO;
  return [
    buildSpan("shop", { id: "order", service: "Shop", name: "POST /orders", kind: "SERVER", at: [0, 100] }),
    buildSpan("shop", {
      id: "charge",
      parent: "order",
      service: "Shop",
      name: "charge",
      kind: "CLIENT",
      at: [10, 40],
      attributes: { "peer.service": "bank", currency: "EUR" },
    }),
    buildSpan("shop", { id: "book", parent: "charge", service: "bank", kind: "SERVER", at: [15, 35] }),
  ].map((span) => ({
    ...span,
    startTimeUnixNano: span.startTimeUnixNano + later,
    endTimeUnixNano: span.endTimeUnixNano + later,
  }));
}

describe.skipIf(missing !== undefined)("Zipkin's Lens", () => {
  let server: ServerProcess;
  let browser: Browser;
  let page: Page;
  let faults: string[];

  beforeAll(async () => {
    const uiDir = "path" in lens ? lens.path : "";
    server = await startServerProcess(data.path, ["--zipkin-ui-dir", uiDir]);
    const headers = { "content-type": "application/x-protobuf" };
    const body = encodeSpans(spansOfNow()) as Uint8Array<ArrayBuffer>;
    expect((await fetch(`${server.otlpHttp}/v1/traces`, { method: "POST", headers, body })).status).toBe(200);
    const executablePath = "path" in browserPath ? browserPath.path : "";
    browser = await playwright.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  });
  beforeEach(async () => {
    faults = [];
    page = await browser.newPage();
    page.on("pageerror", ({ message }) => faults.push(message));
    page.on("console", (message) => {
      if (message.type() === "error") faults.push(message.text());
    });
  });
  afterEach(async () => {
    await page.close();
    expect(faults).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    data.remove();
    folder.remove();
  });

  it.each(["zipkin", "ui"] as const)("finds a trace on the port of %s and shows its spans", async (port) => {
    await page.goto(new URL("/zipkin/", server[port]).href);
    await page.getByRole("button", { name: "Run query" }).click();
    await page.getByText("1 Result").waitFor();
    await page
      .getByRole("link", { name: "Show" })
      .or(page.getByRole("button", { name: "Show" }))
      .first()
      .click();
    await page.waitForURL(`**/zipkin/traces/${traceIdOf("shop")}`);
    await page.getByText("Total Spans").waitFor();
    for (const text of ["shop: post /orders", "shop: charge", "bank: book"]) {
      expect(await page.getByText(text, { exact: true }).count()).toBeGreaterThan(0);
    }
  });

  it("finds traces by what is chosen from its lists", async () => {
    const query = new URLSearchParams({
      serviceName: "shop",
      remoteServiceName: "bank",
      annotationQuery: "currency=EUR",
    });
    await page.goto(
      new URL(`/zipkin/?${query}&lookback=15m&limit=10&endTs=${Date.now()}`, server.zipkin).href,
    );
    await page.getByText("1 Result").waitFor();
    const [names] = await Promise.all([
      page.waitForResponse((response) => response.url().includes("/api/v2/spans?serviceName=shop")),
      page.reload(),
    ]);
    expect(await names.json()).toEqual(["charge", "post /orders"]);
  });

  it("draws the dependencies", async () => {
    await page.goto(new URL("/zipkin/dependency", server.zipkin).href);
    await page.getByRole("button", { name: "Run query" }).click();
    await page.locator("canvas").first().waitFor();
    await page.getByRole("combobox").first().click();
    const options = page.getByRole("option");
    await options.first().waitFor();
    expect((await options.allTextContents()).toSorted()).toEqual(["bank", "shop"]);
  });

  it("shows a trace out of a file", async () => {
    const answer = await fetch(`${server.zipkin}/api/v2/trace/${traceIdOf("shop")}`);
    const file = join(data.path, "trace.json");
    // Another id, so that it cannot have come from the server.
    writeFileSync(file, (await answer.text()).replaceAll(traceIdOf("shop"), traceIdOf("uploaded")));
    await page.goto(new URL("/zipkin/", server.zipkin).href);
    await page.locator('input[type="file"]').first().setInputFiles(file);
    await page.waitForURL(`**/zipkin/traces/${traceIdOf("uploaded")}`);
    await page.getByText("bank: book", { exact: true }).first().waitFor();
  });
});
