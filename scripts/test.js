/** `npm test`: installs and builds what is missing, runs every test, ends with the tests that were skipped. */

import { runNode, setUp } from "./set-up.js";

await setUp();

const given = process.argv.slice(2);
const ownReporter = given.some((argument) => argument.startsWith("--reporter"));
const reporters = [
  ...(ownReporter ? [] : ["--reporter=default"]),
  "--reporter=./scripts/skipped-reporter.js",
];
runNode("node_modules/vitest/vitest.mjs", ["run", ...reporters, ...given]);
