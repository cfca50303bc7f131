/**
 * Vitest reporter of `npm run torture`: one line a case (a file of test/torture), what the case measured indented
 * before it, and at the end `N passed, N failed`.
 */

/** Of what expected and found differ in, so many lines: a list of thousands of spans helps nobody. */
const MAX_DIFF_LINES = 40;

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

/** The message, and the places in the tests that it went through. */
function textOf({ message, stack = "" }) {
  const places = stack.split("\n").filter((line) => /^\s+at .*\/test\//.test(line));
  return [message, ...places].join("\n");
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
      ...textOf(error)
        .split("\n")
        .map((line) => `    ${line}`),
    );
    if (error.diff)
      lines.push(
        ...error.diff
          .split("\n")
          .slice(0, MAX_DIFF_LINES)
          .map((line) => `    ${line}`),
      );
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
    for (const error of unhandledErrors) say(`  not handled: ${textOf(error)}`);
    const passed = testModules.filter((testModule) => testModule.ok()).length;
    const failed = testModules.length - passed + (unhandledErrors.length > 0 ? 1 : 0);
    say(`${passed} passed, ${failed} failed`);
  }
}
