/**
 * Vitest reporter of `npm run torture`: one line a case (a file of test/torture), what the case measured indented
 * before it, and at the end `N passed, N failed`.
 */

/** Name of a case: its file without folder and ending. */
export function caseName(moduleId) {
  return moduleId.replace(/^.*\//, "").replace(/\.test\.ts$/, "");
}

function failuresOf(testModule) {
  const failures = testModule.errors().map((error) => ({ name: "cannot be loaded", error }));
  for (const suite of testModule.children.allSuites()) {
    for (const error of suite.errors()) failures.push({ name: suite.fullName, error });
  }
  for (const test of testModule.children.allTests("failed")) {
    for (const error of test.result().errors) failures.push({ name: test.fullName, error });
  }
  return failures;
}

/** The lines that tell how a case ended. */
export function caseLines(testModule) {
  const lines = [];
  for (const test of testModule.children.allTests("skipped")) {
    const { note } = test.result();
    lines.push(`  skipped: ${test.fullName}${note ? ` (${note})` : ""}`);
  }
  for (const { name, error } of failuresOf(testModule)) {
    lines.push(
      `  failed: ${name}`,
      ...String(error.stack ?? error.message)
        .split("\n")
        .map((line) => `    ${line}`),
    );
    if (error.diff) lines.push(...error.diff.split("\n").map((line) => `    ${line}`));
  }
  const seconds = (testModule.diagnostic().duration / 1_000).toFixed(1);
  const ending = testModule.ok() ? "passed" : "FAILED";
  lines.push(`${ending} ${caseName(testModule.moduleId)} (${seconds} s)`);
  return lines;
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export.
export default class TortureReporter {
  onTestCaseAnnotate(testCase, { message }) {
    for (const line of message.split("\n")) say(`  ${caseName(testCase.module.moduleId)}: ${line}`);
  }

  onTestModuleEnd(testModule) {
    for (const line of caseLines(testModule)) say(line);
  }

  onTestRunEnd(testModules, unhandledErrors) {
    for (const error of unhandledErrors) say(`  not handled: ${error.stack ?? error.message}`);
    const passed = testModules.filter((testModule) => testModule.ok()).length;
    const failed = testModules.length - passed + (unhandledErrors.length > 0 ? 1 : 0);
    say(`${passed} passed, ${failed} failed`);
  }
}
