import { join } from "node:path";
import { credentials, loadPackageDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ServerProcess } from "../helpers/server-process.ts";
import { startServerProcess, temporaryFolder } from "../helpers/server-process.ts";

const PROTO = join(import.meta.dirname, "../../proto");
const folder = temporaryFolder();

let server: ServerProcess;
beforeAll(async () => {
  server = await startServerProcess(folder.path, ["--tempo-port", "0"]);
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

it("the built program answers HTTP and streamed calls on the port of its ready line", async () => {
  const { tempo = "" } = server;
  expect(tempo).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await (await fetch(`${tempo}/api/echo`)).text()).toBe("echo");
  const definition = loadSync("tempo/tempo.proto", { includeDirs: [PROTO], defaults: true });
  const { tempopb } = loadPackageDefinition(definition) as unknown as {
    readonly tempopb: {
      readonly StreamingQuerier: new (
        ...args: unknown[]
      ) => { search(request: object): AsyncIterable<{ readonly metrics: object }>; close(): void };
    };
  };
  const client = new tempopb.StreamingQuerier(new URL(tempo).host, credentials.createInsecure());
  const messages: object[] = [];
  for await (const { metrics } of client.search({ Query: "{ }" })) messages.push(metrics);
  expect(messages.at(-1)).toMatchObject({ completedJobs: 1, totalJobs: 1 });
  client.close();
});
