/**
 * `npm run bench`: the figures of this server, and of others beside it. Tables go to standard output, progress to
 * standard error; `--report FILE` writes the page, `--json FILE` the same figures for machines.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { TracAggError } from "../src/base/errors.ts";
import { runForeignFormats } from "./analyses/foreign-formats.ts";
import { runStatistics } from "./analyses/live-statistics.ts";
import { runSetComparison } from "./analyses/set-comparison.ts";
import { BENCH_HELP, parseBenchOptions } from "./bench-options.ts";
import type { BenchResults } from "./bench-results.ts";
import { runExperiments } from "./experiments/run-experiments.ts";
import { conditionsText, performancePage } from "./report/performance-page.ts";
import { quoteLines, withQuote } from "./report/quote.ts";
import { goalTable, sections } from "./report/sections.ts";
import { runBench } from "./run-bench.ts";

const USAGE_EXIT_CODE = 2;
const INTERRUPTED_EXIT_CODE = 130;

function consoleText(results: BenchResults): string {
  const tables = sections(results).flatMap(({ title, lines }) => ["", `${title}:`, "", ...lines]);
  return [...conditionsText(results.conditions), ...tables, "", "Goals:", "", ...goalTable(results), ""].join(
    "\n",
  );
}

/** The command that repeats the run; where a folder lies, or another copy of the figures, is this machine's affair. */
function commandText(args: readonly string[]): string {
  const shown = args
    .map((arg, index) => (args[index - 1] === "--corpus" ? basename(arg) : arg))
    .filter((arg, index) => arg !== "--json" && args[index - 1] !== "--json");
  return ["npm run bench --", ...shown].join(" ");
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseBenchOptions(args);
  if (options.isHelp) {
    process.stdout.write(BENCH_HELP);
    return;
  }
  const say = (text: string): boolean => process.stderr.write(`${text}\n`);
  if (options.isExperiments) {
    process.stdout.write(await runExperiments(options.corpusFolder, say));
    return;
  }
  if (options.isComparison) {
    process.stdout.write(await runSetComparison(say));
    return;
  }
  if (options.isFormats) {
    process.stdout.write(await runForeignFormats(options.corpusFolder, say));
    return;
  }
  if (options.isStatistics) {
    process.stdout.write(await runStatistics(options.corpusFolder, say));
    return;
  }
  const { reportFile, quoteFile, jsonFile } = options;
  const quoted = quoteFile === undefined ? "" : readFileSync(quoteFile, "utf8");
  // Marks that are missing are better found before ten minutes of measuring than after.
  if (quoteFile !== undefined) withQuote(quoted, []);
  const results = await runBench(options, {
    command: commandText(args),
    say,
  });
  process.stdout.write(consoleText(results));
  if (reportFile !== undefined) {
    const analyses = [
      { title: "Statistics as spans arrive", text: await runStatistics(options.corpusFolder, say) },
      { title: "Comparison of 10,000 traces", text: await runSetComparison(say) },
      { title: "Formats of other backends", text: await runForeignFormats(options.corpusFolder, say) },
    ];
    writeFileSync(reportFile, performancePage(results, analyses));
  }
  if (quoteFile !== undefined) writeFileSync(quoteFile, withQuote(quoted, quoteLines(results)));
  if (jsonFile !== undefined) writeFileSync(jsonFile, `${JSON.stringify(results, null, 2)}\n`);
}

// Ending by `exit` lets what was started be ended too.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(INTERRUPTED_EXIT_CODE));

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  const isUsage = error instanceof TracAggError && error.code === "invalid_argument";
  process.exit(isUsage ? USAGE_EXIT_CODE : 1);
}
