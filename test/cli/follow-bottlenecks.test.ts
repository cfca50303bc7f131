/** `bottlenecks --follow` on a real server whose minutes the test tells. */

import { expect, it, onTestFinished } from "vitest";
import type { BottleneckEventJson } from "../../src/api/profile-contract.ts";
import { runCli } from "../../src/cli/run-cli.ts";
import { startApi } from "../api/api-fixture.ts";
import { MinuteTraffic } from "../helpers/checkout-traffic.ts";
import { captureContext, jsonLines, runCommand } from "./cli-harness.ts";

async function serverOver(traffic: MinuteTraffic): Promise<string> {
  const api = await startApi([], { live: () => traffic.live });
  onTestFinished(() => api.stop());
  return `http://127.0.0.1:${api.port}`;
}

/** Follows until so many events are shown, then interrupts as a user does; `onShown` hears of each. */
async function follow(
  server: string,
  {
    events,
    isTerminal = false,
    onShown = () => {},
  }: { events: number; isTerminal?: boolean; onShown?: (count: number) => void },
): Promise<{ exitCode: number; stdout: string }> {
  let interrupt: (signal: string) => void = () => {};
  let stdout = "";
  let shown = 0;
  const context = captureContext({
    env: { TRACAGG_SERVER: server, NO_COLOR: "1" },
    onInterrupt: (listener) => {
      interrupt = listener;
      return () => {};
    },
    stdout: {
      isTTY: isTerminal,
      write: (text: string) => {
        stdout += text;
        shown++;
        onShown(shown);
        if (shown === events) interrupt("SIGINT");
      },
    },
  });
  return { exitCode: await runCli(["bottlenecks", "--follow"], context), stdout };
}

it("shows what was told already, then what comes, one JSON document a line, until interrupted", async () => {
  const traffic = new MinuteTraffic();
  traffic.minute("pay", 60);
  traffic.minute("pay", 60);
  const server = await serverOver(traffic);
  const { exitCode, stdout } = await follow(server, {
    events: 2,
    onShown: (count) => {
      if (count > 1) return;
      traffic.minute("stock", 65);
      traffic.minute("stock", 65);
    },
  });
  expect(exitCode).toBe(0);
  expect(jsonLines<BottleneckEventJson>(stdout).map(({ id, type }) => [id, type])).toEqual([
    ["1", "bottleneck_started"],
    ["2", "bottleneck_moved"],
  ]);
});

it("goes on after the last event when the server ends the stream", async () => {
  const traffic = new MinuteTraffic();
  traffic.minute("pay", 60);
  traffic.minute("pay", 60);
  const server = await serverOver(traffic);
  const { exitCode, stdout } = await follow(server, {
    events: 2,
    onShown: (count) => {
      if (count > 1) return;
      traffic.live.profiles.feed.close();
      traffic.minute("stock", 65);
      traffic.minute("stock", 65);
    },
  });
  expect(exitCode).toBe(0);
  expect(jsonLines<BottleneckEventJson>(stdout).map(({ id }) => id)).toEqual(["1", "2"]);
});

it("shows a terminal a line for each event", async () => {
  const traffic = new MinuteTraffic();
  traffic.minute("pay", 60);
  traffic.minute("pay", 60);
  const { stdout } = await follow(await serverOver(traffic), { events: 1, isTerminal: true });
  expect(stdout).toMatch(
    /^2023-11-14T22:16:00Z {2}started {2}pay: work \[server\] {2}60\.0% \(\+0\.0%\) of shop: checkout \[server\] {2}[0-9a-f]{32}\n$/,
  );
});

it("refuses conditions on spans, and says when no server answers", async () => {
  const server = await serverOver(new MinuteTraffic());
  const env = { TRACAGG_SERVER: server };
  expect(await runCommand(["bottlenecks", "--follow", "--service", "x"], { env })).toMatchObject({
    exitCode: 2,
  });
  const nobody = { TRACAGG_SERVER: "http://127.0.0.1:9" };
  expect(await runCommand(["bottlenecks", "--follow"], { env: nobody })).toMatchObject({ exitCode: 3 });
});
