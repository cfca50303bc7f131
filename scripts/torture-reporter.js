/**
 * Vitest reporter of `npm run torture`: one line a case (a file of test/torture), what the case measured indented
 * before it, at the end every test with its outcome, and `N passed, N failed` cases.
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
  lines.push(endingOf(testModule));
  return lines;
}

function secondsText(diagnostic) {
  return `${((diagnostic?.duration ?? 0) / 1_000).toFixed(1)} s`;
}

/** `passed kill (312.4 s)` */
function endingOf(testModule) {
  const ending = testModule.ok() ? "passed" : "FAILED";
  return `${ending} ${caseName(testModule.moduleId)} (${secondsText(testModule.diagnostic())})`;
}

/** Every case and every test in it, with its outcome and how long it took. */
export function summaryLines(testModules) {
  const lines = ["", "Summary"];
  for (const testModule of testModules) {
    lines.push(endingOf(testModule));
    for (const test of testModule.children.allTests()) {
      const { state } = test.result();
      const outcome = state === "failed" ? "FAILED" : state;
      lines.push(`  ${outcome}: ${test.fullName} (${secondsText(test.diagnostic())})`);
    }
  }
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
    for (const line of summaryLines(testModules)) say(line);
    const passed = testModules.filter((testModule) => testModule.ok()).length;
    const failed = testModules.length - passed + (unhandledErrors.length > 0 ? 1 : 0);
    say(`${passed} passed, ${failed} failed`);
  }
}
