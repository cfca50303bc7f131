/** `npm run torture`: installs and builds what is missing, then runs the cases of test/torture in their long form. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { ROOT, runNode, setUp } from "./set-up.js";
import { caseName } from "./torture-reporter.js";

const FOLDER = "test/torture";

const HELP = `Usage: npm run torture -- [--only NAME] [--rounds N] [--minutes N] [--seed N]

  --only NAME   one case; repeat it for more
  --rounds N    rounds of the cases that repeat themselves (default: each its own, kill 100)
  --minutes N   length of the soak (default 30)
  --seed N      what random cases begin with (default 1)

Cases:
`;

/** Every case, by name. */
export function tortureCases(root = ROOT) {
  const files = readdirSync(join(root, FOLDER)).filter((name) => name.endsWith(".test.ts"));
  return files.map(caseName);
}

function positive(name, text) {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return text;
  throw new Error(`--${name}: expected a number above 0, got "${text}"`);
}

/** Environment and arguments of the run that the given arguments ask for; undefined when they ask for help. */
export function tortureRun(args, cases = tortureCases()) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      minutes: { type: "string" },
      seed: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const unknown = values.only.find((name) => !cases.includes(name));
  if (unknown !== undefined) throw new Error(`--only: expected one of ${cases.join(", ")}, got "${unknown}"`);
  const env = { TORTURE_FORM: "long" };
  for (const name of ["rounds", "minutes", "seed"]) {
    if (values[name] !== undefined) env[`TORTURE_${name.toUpperCase()}`] = positive(name, values[name]);
  }
  return { env, files: values.only.map((name) => `${FOLDER}/${name}.test.ts`) };
}

async function main() {
  let run;
  try {
    run = tortureRun(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
  if (run === undefined) {
    process.stdout.write(
      `${HELP}${tortureCases()
        .map((name) => `  ${name}\n`)
        .join("")}`,
    );
    return;
  }
  await setUp();
  Object.assign(process.env, run.env);
  const reporter = "--reporter=./scripts/torture-reporter.js";
  runNode("node_modules/vitest/vitest.mjs", ["run", "--project=torture", reporter, ...run.files]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
