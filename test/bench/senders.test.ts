import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createHttpSender, RetryableRefusal } from "../../bench/senders.ts";

let server: Server;
let url: string;
let status = 200;
const paths: (string | undefined)[] = [];

beforeEach(async () => {
  paths.length = 0;
  server = createServer((request, response) => {
    paths.push(request.url);
    request.resume().on("end", () => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
});

async function send(target: string): Promise<void> {
  const sender = createHttpSender(target, 1);
  try {
    await sender.send({ bytes: new Uint8Array(3), isGzip: false });
  } finally {
    sender.close();
  }
}

it("sends to /v1/traces unless the URL has a path of its own", async () => {
  status = 200;
  await send(url);
  await send(`${url}/`);
  await send(`${url}/insert/opentelemetry/v1/traces`);
  expect(paths).toEqual(["/v1/traces", "/v1/traces", "/insert/opentelemetry/v1/traces"]);
});

it.each([200, 202])("takes %d for stored", async (answer) => {
  status = answer;
  await expect(send(url)).resolves.toBeUndefined();
});

it.each([429, 502, 503, 504])("takes %d for a refusal that may be tried again", async (answer) => {
  status = answer;
  await expect(send(url)).rejects.toBeInstanceOf(RetryableRefusal);
});

it("takes 400 for final", async () => {
  status = 400;
  const error = await send(url).catch((thrown: unknown) => thrown);
  expect(error).not.toBeInstanceOf(RetryableRefusal);
  expect(error).toMatchObject({ message: "HTTP 400" });
});
