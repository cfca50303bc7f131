import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The lines ` * > ...` of an example's opening comment: what it says that it prints. */
async function promisedOutput(name: string): Promise<string> {
  const source = await readFile(`${ROOT}examples/${name}.ts`, "utf8");
  const comment = source.slice(0, source.indexOf("*/"));
  return [...comment.matchAll(/^ \* > (.*)$/gm)].map((match) => `${match[1]}\n`).join("");
}

test.each([
  "order-flow",
  "trace-http-request",
  "trace-database-query",
  "use-case-debugging",
  "use-case-optimization",
  "use-case-dependency-mapping",
  "use-case-capacity-planning",
])("the example %s prints what it says", async (name) => {
  const promised = await promisedOutput(name);
  expect(promised).not.toBe("");
  const { stdout, stderr } = await run(process.execPath, [`dist/examples/${name}.js`], { cwd: ROOT });
  expect(stdout).toBe(promised);
  expect(stderr).toBe("");
});
