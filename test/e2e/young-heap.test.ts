import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const MODULE = new URL("../../dist/src/io/young-heap.js", import.meta.url).href;

/** Makes objects that live on before and after the room is let go, and tells how large it is each time. */
const PROGRAM = `
import { getHeapSpaceStatistics } from "node:v8";
const { holdYoungHeap, releaseYoungHeap } = await import(${JSON.stringify(MODULE)});
const kept = [];
const youngBytes = () => {
  for (let at = 0; at < 400_000; at++) kept.push({ at, text: "t" + at });
  return getHeapSpaceStatistics().find((space) => space.space_name === "new_space").space_size;
};
holdYoungHeap();
const held = youngBytes();
releaseYoungHeap();
console.log(JSON.stringify({ held, released: youngBytes() }));
`;

test("the room for new objects stays small while it is held, and grows with the work afterwards", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", PROGRAM]);
  const { held, released } = JSON.parse(stdout) as { readonly held: number; readonly released: number };
  expect(held).toBeLessThanOrEqual(4 * 1024 * 1024);
  expect(released).toBeGreaterThan(2 * held);
});
