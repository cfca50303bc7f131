import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

async function evaluate(flags: readonly string[], code: string): Promise<string> {
  const { stdout } = await run(process.execPath, [...flags, "--input-type=module", "-e", code], {
    cwd: ROOT,
  });
  return stdout.trim();
}

test("the built package imports by its name, without native modules", async () => {
  const code = `
    import { TraceAggregator, createSpan, createTraceId } from "tracagg";
    const traceId = createTraceId();
    const aggregator = new TraceAggregator();
    aggregator.ingestSpan(createSpan({ traceId, serviceName: "web", operationName: "GET /", durationMs: 5 }));
    console.log(aggregator.completeTrace(traceId).durationMs);
  `;
  expect(await evaluate(["--no-addons"], code)).toBe("5");
});

test("importing the package prints nothing and keeps no process alive", async () => {
  expect(await evaluate(["--no-addons"], 'await import("tracagg");')).toBe("");
});

test("its documentation names every value of the package", async () => {
  const code = 'console.log(Object.keys(await import("tracagg")).sort().join(" "));';
  const names = (await evaluate([], code)).split(" ");
  const page = readFileSync("docs/library.md", "utf8");
  expect(names).toEqual(
    expect.arrayContaining(["TraceAggregator", "createSpan", "criticalPath", "traceDiff"]),
  );
  expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(page))).toEqual([]);
});
