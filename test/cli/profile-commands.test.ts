/** `profile` and `bottlenecks` over the demo's shop, whose slow dependency is the card gateway that payment calls. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OperationRankingJson, ProfileJson, SlowTracesJson } from "../../src/api/profile-contract.ts";
import { jsonLines } from "./cli-harness.ts";
import { ShopServer } from "./shop-server.ts";

let shop: ShopServer;

beforeAll(async () => {
  shop = await ShopServer.start({ visits: 200, history: "5m" });
});

afterAll(() => shop.stop());

const run = (...given: readonly string[]) => shop.run(...given);
const show = (...given: readonly string[]) => shop.show(...given);

describe("profile", () => {
  it("gives the whole answer in a pipe, and takes the conditions of a search", async () => {
    const { exitCode, stdout } = await run("profile", "--service", "checkout", "--since", "1h");
    const [profile] = jsonLines<ProfileJson>(stdout);
    expect(exitCode).toBe(0);
    expect(profile?.roots.map(({ name }) => name)).toContain("frontend: POST /checkout [server]");
    const whole = profile?.roots.reduce((sum, root) => sum + BigInt(root.valueNanos), 0n);
    expect(String(whole)).toBe(profile?.valueNanos);
  });

  it("shows a terminal the call paths, indented, with their shares", async () => {
    const { stdout } = await show("profile", "--service", "checkout");
    const lines = stdout.split("\n");
    expect(lines[0]).toMatch(/^\d+ traces, critical paths of /);
    expect(lines[2]?.trim().split(/ {2,}/)).toEqual(["TOTAL", "SELF", "P95 SELF", "SPANS", "CALL PATH"]);
    const gateway = lines.find((line) => line.includes("payment: POST [client]"));
    expect(gateway).toMatch(/^\s*\d+\.\d%\s+\d+\.\d%\s+\S+\s+\d+\s{2,}payment: POST \[client\]$/);
  });

  it("writes files for profile viewers and says where", async () => {
    const folded = await run("profile", "--format", "folded");
    expect(folded.stdout).toMatch(/^(?:.+ \d+\n)+$/);
    const pprof = await run("profile", "--format", "pprof", "--out", "shop.pb.gz");
    const bytes = readFileSync(join(shop.folder, "shop.pb.gz"));
    expect(jsonLines(pprof.stdout)).toEqual([{ file: "shop.pb.gz", bytes: bytes.length }]);
    expect(gunzipSync(bytes).includes("payment: POST [client]")).toBe(true);
    await show("profile", "--format", "speedscope", "-o", "shop.json");
    const file = JSON.parse(readFileSync(join(shop.folder, "shop.json"), "utf8")) as { profiles: unknown[] };
    expect(file.profiles).toHaveLength(1);
  });

  it("refuses bytes on standard output, unknown formats and files that cannot be written", async () => {
    expect(await run("profile", "--format", "pprof")).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("--out"),
    });
    expect(await run("profile", "--format", "svg")).toMatchObject({ exitCode: 2 });
    expect(await run("profile", "--format", "folded", "--out", "no/such/folder")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("no/such/folder"),
    });
  });

  it("fails when no trace matches", async () => {
    expect(await run("profile", "--service", "nobody")).toMatchObject({
      exitCode: 1,
      stderr: "no trace matches\n",
    });
  });
});

describe("bottlenecks", () => {
  it("names the demo's slow dependency first by critical share", async () => {
    const { stdout } = await run("bottlenecks");
    const [ranking] = jsonLines<OperationRankingJson>(stdout);
    expect(ranking?.operations[0]).toMatchObject({ service: "payment", operation: "POST", kind: "CLIENT" });
    const table = await show("bottlenecks");
    expect(table.stdout.split("\n")[3]).toMatch(/^\s*\d+\.\d%.* payment +POST +CLIENT +[0-9a-f]{32}$/);
  });

  it("ranks by total time and by p95 too", async () => {
    const [total] = jsonLines<OperationRankingJson>((await run("bottlenecks", "--rank", "total")).stdout);
    const totals = total?.operations.map(({ totalMs }) => totalMs) ?? [];
    expect([...totals].sort((left, right) => right - left)).toEqual(totals);
    const [p95] = jsonLines<OperationRankingJson>((await run("bottlenecks", "--rank", "p95")).stdout);
    const p95s = p95?.operations.map(({ p95Ms }) => p95Ms) ?? [];
    expect([...p95s].sort((left, right) => right - left)).toEqual(p95s);
  });

  it("tells with --slow what slow traces wait for", async () => {
    const [slow] = jsonLines<SlowTracesJson>((await run("bottlenecks", "--slow")).stdout);
    expect(slow?.rootOperations.length).toBeGreaterThan(0);
    expect(slow?.slowCount).toBeGreaterThan(0);
    const table = await show("bottlenecks", "--slow");
    expect(table.stdout).toMatch(/^\d+ traces: \d+ slow against \d+ in the middle/);
  });

  it("fails when no trace matches, and on a rank there is none of", async () => {
    expect(await run("bottlenecks", "--service", "nobody")).toMatchObject({ exitCode: 1 });
    expect(await run("bottlenecks", "--rank", "worst")).toMatchObject({ exitCode: 2 });
  });
});
