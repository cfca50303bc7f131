/** The requests that are replayed: a recording, or the generated corpus. */

import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { generateCorpus } from "./generated-corpus.ts";
import type { PayloadTemplate } from "./payload-template.ts";
import { templateFromPayload } from "./payload-template.ts";

/** Requests of a recording (`*.bin`) in the order of their numbers, or the generated corpus. */
export function corpusPayloads(folder?: string): Uint8Array[] {
  if (folder === undefined) return generateCorpus();
  return readdirSync(folder)
    .filter((name) => name.endsWith(".bin"))
    .sort((left, right) => Number.parseInt(left, 10) - Number.parseInt(right, 10))
    .map((name) => new Uint8Array(readFileSync(join(folder, name))));
}

/** Requests ready to be sent with fresh ids. */
export function corpusTemplates(folder?: string): PayloadTemplate[] {
  return corpusPayloads(folder).map(templateFromPayload);
}

/** One line about a corpus; of a folder only the last part of its name. */
export function describeCorpus(templates: readonly PayloadTemplate[], folder?: string): string {
  const spans = templates.reduce((sum, { spanCount }) => sum + spanCount, 0);
  const bytes = templates.reduce((sum, template) => sum + template.bytes.length, 0);
  const origin = folder === undefined ? "generated (seed 1)" : `recorded (${basename(folder)})`;
  const counts = `${templates.length} requests, ${spans.toLocaleString("en-US")} spans`;
  return `${origin}: ${counts}, ${Math.round(bytes / spans)} bytes a span`;
}
