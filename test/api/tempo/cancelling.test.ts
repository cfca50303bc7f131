/** A client that leaves ends its query inside. */

import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { buildSpan } from "../../helpers/trace-builder.ts";
import { querierOf } from "./querier-client.ts";
import { startTempoServer } from "./tempo-server.ts";

const RUNNING = "tracagg_queries_running";
const CANCELLED = 'tracagg_queries_total{use_case="find_traceql",result="cancelled"}';
const TRACES = 3_000;
/** So much text that neither side's buffers hold the answer. */
const NOTE = "n".repeat(2_000);

it("a streamed search that waits for its reader ends when the call is cancelled", async () => {
  const spans = Array.from({ length: TRACES }, (_, at) =>
    buildSpan(`trace-${at}`, { id: `span-${at}`, at: [at, at + 1], attributes: { note: NOTE } }),
  );
  const server = await startTempoServer(spans);
  const client = querierOf(server.url);
  onTestFinished(async () => {
    client.close();
    await server.stop();
  });
  const stream = client.Search({ Query: "{ } | select(.note)", Limit: TRACES });
  stream.on("error", () => {});
  await once(stream, "data");
  stream.pause();
  expect(await server.metric(RUNNING)).toBe(1);
  stream.cancel();
  await server.until(RUNNING, 0);
  await server.until(CANCELLED, 1);
});
