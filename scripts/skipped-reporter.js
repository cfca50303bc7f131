/** Vitest reporter that ends a run with the tests that were skipped, and why. */

/** One line for each skipped test: `skipped: file > name (reason)`. */
export function skippedLines(testModules) {
  const lines = [];
  for (const testModule of testModules) {
    for (const test of testModule.children.allTests("skipped")) {
      const { note } = test.result();
      lines.push(`skipped: ${testModule.relativeModuleId} > ${test.fullName}${note ? ` (${note})` : ""}`);
    }
  }
  return lines;
}

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export.
export default class SkippedReporter {
  onTestRunEnd(testModules) {
    const lines = skippedLines(testModules);
    if (lines.length > 0) process.stdout.write(`\n${lines.join("\n")}\n`);
  }
}
