import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const page = readFileSync("docs/durability.md", "utf8");
const TORTURE = "test/torture";

/** A test as the page names it: `file` "title". */
interface Proof {
  readonly file: string;
  readonly title: string;
}

function proofsIn(text: string): Proof[] {
  return [...text.matchAll(/`(test\/[^`]+\.ts)` "([^"]+)"/g)].map(([, file, title]) => ({
    file: file!,
    title: title!,
  }));
}

/** Tables of promises: their last column is headed "proved by". */
function promiseRows(): string[] {
  const rows: string[] = [];
  let isPromises = false;
  for (const line of page.split("\n")) {
    if (!line.startsWith("|")) isPromises = false;
    else if (line.endsWith("| proved by |")) isPromises = true;
    else if (isPromises && !line.startsWith("|---")) rows.push(line);
  }
  return rows;
}

/** True when the file has `test("title"`, `it("title"` or `.each(...)("title"`. */
function holds({ file, title }: Proof): boolean {
  if (!existsSync(file)) return false;
  const quoted = title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const call = String.raw`^(?!.*\bdescribe\b).*(?:\b(?:test|it)(?:\.\w+)*|\))\(\s*"${quoted}"`;
  return new RegExp(call, "m").test(readFileSync(file, "utf8"));
}

describe("docs/durability.md", () => {
  const rows = promiseRows();

  it("has tables of promises", () => {
    expect(rows.length).toBeGreaterThan(20);
  });

  it.each(rows)("names a test that proves it: %s", (row) => {
    expect(proofsIn(row)).not.toEqual([]);
  });

  it("names only tests that there are", () => {
    expect(proofsIn(page).filter((proof) => !holds(proof))).toEqual([]);
  });

  it("names every test of the torture as a proof, and every case in the list of long forms", () => {
    const files = readdirSync(TORTURE).filter((name) => name.endsWith(".test.ts"));
    const cases = files.map((name) => `${TORTURE}/${name}`);
    expect([...new Set(proofsIn(page).map(({ file }) => file))]).toEqual(expect.arrayContaining(cases));
    const listed = [...page.matchAll(/^\| `(test\/torture\/[^`]+)` \|/gm)].map(([, file]) => file);
    expect(listed.sort()).toEqual(cases.sort());
  });
});
