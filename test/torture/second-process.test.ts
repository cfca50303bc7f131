/** A second process on a data folder refuses, naming the first; of many that start at once one gets the folder. */

import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plainRequest } from "../helpers/otlp-client.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { roundsOf, timeLimitMillis } from "./scale.ts";
import { httpSender, listedTraces, sendUntilTaken, spawnServer, startServer } from "./torture-server.ts";

const ROUNDS = roundsOf({ short: 2, long: 20 });
const CONTENDERS = 3;
const SPANS = 2;

test("a second process ends at once, names the first and what to do, and changes nothing", {
  timeout: timeLimitMillis(5),
}, async () => {
  const folder = temporaryFolder();
  const first = await startServer(folder);
  const sender = httpSender(first);
  await sendUntilTaken(sender, plainRequest("1".padStart(32, "0"), SPANS));
  const before = readdirSync(folder, { recursive: true });
  const second = spawnServer(folder);
  expect(await second.ended).toBe(1);
  expect(second.stderr()).toContain(`is in use by process ${first.pid} (TracAgg `);
  expect(second.stderr()).toContain("choose another folder with --data");
  expect(readdirSync(folder, { recursive: true })).toEqual(before);
  await sendUntilTaken(sender, plainRequest("2".padStart(32, "0"), SPANS));
  expect([...(await listedTraces(first)).values()]).toEqual([SPANS, SPANS]);
  // Reached by another name, it is the same folder.
  const other = spawnServer(join(folder, "log", ".."));
  expect(await other.ended).toBe(1);
  expect(await first.stop()).toBe(0);
});

test("of processes that start at once over a killed one's folder one serves all there is, and the others name it", {
  timeout: timeLimitMillis(20),
}, async () => {
  const folder = temporaryFolder();
  const sent: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const starting = Array.from({ length: CONTENDERS }, () => spawnServer(folder));
    const outcomes = await Promise.allSettled(starting.map(({ ready }) => ready));
    const [winner, ...rest] = outcomes.flatMap((outcome) =>
      outcome.status === "fulfilled" ? [outcome.value] : [],
    );
    expect(rest).toEqual([]);
    expect(winner).toBeDefined();
    for (const { child, ended, stderr } of starting) {
      if (child.pid === winner!.pid) continue;
      expect(await ended).toBe(1);
      expect(stderr()).toMatch(/is in use by (process \d+ \(TracAgg |another process)/);
    }
    expect([...(await listedTraces(winner!)).keys()].sort()).toEqual([...sent].sort());
    sent.push(randomBytes(16).toString("hex"));
    await sendUntilTaken(httpSender(winner!), plainRequest(sent.at(-1)!, SPANS));
    await winner!.kill();
  }
});
