/** `npm run bench -- --experiments`: what was tried for the log and the segments, on this machine. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { mergedBatch } from "../../src/batch/batch-merge.ts";
import { OtlpRequestDecoder } from "../../src/codec/otlp-protobuf/request-decoder.ts";
import { writeSegment } from "../../src/store/lake/segment-writer.ts";
import { corpusTemplates, describeCorpus } from "../corpus.ts";
import { withTemporaryFolder } from "../machine/child-process.ts";
import { describeMachine } from "../machine/describe-machine.ts";
import { mergedTemplates, patchedPayload } from "../payload-template.ts";
import { createRandom } from "../random.ts";
import { markdownTable, numberText } from "../report/table.ts";
import { journalWays } from "./journal-experiments.ts";
import type { Way, WayFigures } from "./measure.ts";
import { measureWays } from "./measure.ts";
import { profileWays } from "./profile-experiments.ts";
import { SpansInMemory } from "./segment-experiments.ts";

const SPANS = 130_000;
const MERGED_SPANS = 500;
const ROUNDS = 5;

/** Measures everything; the report as Markdown. */
export function runExperiments(
  corpusFolder: string | undefined,
  say: (text: string) => void,
): Promise<string> {
  return withTemporaryFolder(async (folder) => {
    const templates = corpusTemplates(corpusFolder);
    const { payloads, spanCount } = payloadsOf(mergedTemplates(templates, MERGED_SPANS));
    say(`sealing ${spanCount} spans`);
    const segment = join(folder, "segment");
    await seal(payloads, segment, folder);
    const spans = await SpansInMemory.load(segment, folder);
    const sections: [string, readonly Way[]][] = [
      ["Critical paths", profileWays(payloads)],
      ["Records of the ingest log", journalWays(payloads)],
      ["Writing spans.parquet", spans.writing()],
      ["Columns", spans.columns()],
      ["Texts", spans.texts()],
      ["Threads", spans.threads()],
      ["Order of rows", spans.orders()],
    ];
    const lines = [
      `- Machine: ${describeMachine()}`,
      `- Corpus: ${describeCorpus(templates, corpusFolder)}`,
      `- ${numberText(spanCount)} spans in requests of ${MERGED_SPANS}; medians of ${ROUNDS} rounds, all ways in each`,
    ];
    for (const [title, ways] of sections) {
      say(title.toLowerCase());
      lines.push("", `## ${title}`, "", ...costTable(await measureWays(ways, ROUNDS), spanCount));
    }
    say("questions");
    const questions = await measureWays(await spans.lookups(), ROUNDS);
    lines.push("", "## Questions to one file in each order", "", ...timeTable(questions));
    return `${lines.join("\n")}\n`;
  });
}

function payloadsOf(templates: ReturnType<typeof mergedTemplates>): {
  readonly payloads: readonly Uint8Array[];
  readonly spanCount: number;
} {
  const random = createRandom(1);
  const payloads: Uint8Array[] = [];
  let spanCount = 0;
  while (spanCount < SPANS) {
    const mask = Uint8Array.from({ length: 16 }, () => random.below(256));
    for (const template of templates) {
      payloads.push(patchedPayload(template, mask, BigInt(payloads.length) * 1_000_000n));
      spanCount += template.spanCount;
    }
  }
  return { payloads, spanCount };
}

async function seal(payloads: readonly Uint8Array[], directory: string, folder: string): Promise<void> {
  mkdirSync(directory);
  const decoder = new OtlpRequestDecoder();
  const batches = payloads.map((payload) => decoder.decode(payload).batch);
  await writeSegment(
    {
      directory,
      temporaryDirectory: folder,
      memoryLimitBytes: 1024 ** 3,
      name: "experiment",
      writtenBy: "bench",
      firstPosition: 0,
      lastPosition: payloads.length - 1,
      firstArrivalUnixMillis: 0,
      lastArrivalUnixMillis: 0,
      attributeKeys: [],
      olderSegments: [],
    },
    mergedBatch(batches),
  );
}

function costTable(figures: readonly WayFigures[], spanCount: number): string[] {
  return markdownTable(
    ["way", "CPU us a span", "wall us a span", "bytes a span"],
    figures.map(({ name, cpuMicros, wallMicros, bytes }) => [
      name,
      numberText(cpuMicros / spanCount, 2),
      numberText(wallMicros / spanCount, 2),
      numberText(bytes === undefined ? undefined : bytes / spanCount, 1),
    ]),
  );
}

function timeTable(figures: readonly WayFigures[]): string[] {
  return markdownTable(
    ["question", "ms"],
    figures.map(({ name, wallMicros }) => [name, numberText(wallMicros / 1_000, 1)]),
  );
}
