import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { DEFAULT_FINDING_OPTIONS } from "../../src/analysis/findings/finding.ts";
import { componentSchemas } from "../../src/api/openapi/schemas.ts";

const page = readFileSync("docs/findings.md", "utf8");

it("docs/findings.md has a row for every type of finding that the API may give, and no other", () => {
  const { properties } = componentSchemas()["Finding"] as { properties: { type: { enum: string[] } } };
  const rows = [...page.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, type]) => type);
  expect(rows).toEqual(properties.type.enum);
});

it("docs/findings.md says every threshold with its default", () => {
  const { maxSpansPerFinding, maxFindings, minSequentialSaving, minGapShare, ...plain } =
    DEFAULT_FINDING_OPTIONS;
  const millis = (nanos: number) => `${nanos / 1e6} ms`;
  expect(page).toContain(`\`minRepeats\` ${plain.minRepeats}`);
  expect(page).toContain(`\`minSequentialCalls\` ${plain.minSequentialCalls}`);
  expect(page).toContain(`\`maxSequentialPauseNanos\` ${millis(plain.maxSequentialPauseNanos)}`);
  expect(page).toContain(`\`minSequentialSaving\` ${minSequentialSaving * 100} %`);
  expect(page).toContain(`\`minGapNanos\` ${millis(plain.minGapNanos)}`);
  expect(page).toContain(`\`minGapShare\` ${minGapShare * 100} %`);
  expect(page).toContain(`At most ${maxSpansPerFinding} spans`);
  expect(page).toContain(`At most ${maxFindings} findings`);
});
