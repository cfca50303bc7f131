import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  MAX_NESTING,
  MAX_OPERATORS,
  MAX_PATTERN_STEPS,
  MAX_SELECTED_FIELDS,
  MAX_SPANSET_OPERATORS,
  MAX_STAGES,
} from "../../src/traceql/limits.ts";
import { parseQuery } from "../../src/traceql/parse-query.ts";

const page = readFileSync("docs/traceql.md", "utf8");
const examples = [...page.matchAll(/```traceql\n([^`]*(?:`[^`\n]+`[^`]*)*)```/g)].flatMap(([, block]) =>
  (block as string).trim().split("\n"),
);

describe("docs/traceql.md", () => {
  it("has examples", () => {
    expect(examples.length).toBeGreaterThan(10);
  });

  it.each(examples)("has an example that is a query: %s", (example) => {
    expect(() => parseQuery(example)).not.toThrow();
  });

  it("shows an error as it is", () => {
    const message = page.split("\n").find((line) => line.startsWith("line 1, column"));
    expect(() => parseQuery("{ service.name = 1 }")).toThrow(message as string);
  });

  it("names the limits", () => {
    for (const limit of [
      MAX_NESTING,
      MAX_OPERATORS,
      MAX_PATTERN_STEPS,
      MAX_SELECTED_FIELDS,
      MAX_SPANSET_OPERATORS,
      MAX_STAGES,
    ]) {
      expect(page).toContain(`| ${limit.toLocaleString("en")} |`);
    }
  });
});
