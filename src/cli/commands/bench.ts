/** `tracagg bench`: runs the benchmark program with the arguments given. */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { TracAggError } from "../../base/errors.ts";
import { packageFolder } from "../../io/package-folder.ts";
import type { CliContext } from "../cli-context.ts";
import type { AddCommand } from "../command.ts";
import { ExitCode } from "../exit-code.ts";

/** Adds `bench`. */
export const addBench: AddCommand = (program, run) => {
  program
    .command("bench [arguments...]")
    .summary("measure ingest and queries")
    .description("Starts a server of its own, sends spans, measures; all arguments go to the benchmark.")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action(run((context, given: readonly string[]) => bench(context, given)));
};

async function bench(context: CliContext, given: readonly string[]): Promise<ExitCode> {
  const file = join(packageFolder(import.meta.url, "dist") ?? "", "bench/main.js");
  if (!existsSync(file)) {
    throw new TracAggError(
      "failed_precondition",
      `the benchmark is not built (no ${file}); run npm run build`,
    );
  }
  const child = spawn(process.execPath, [file, ...given], { stdio: "inherit" });
  const dispose = context.onInterrupt(() => child.kill("SIGTERM"));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  dispose();
  return code === 0 ? ExitCode.OK : code === 2 ? ExitCode.USAGE : ExitCode.FAILED;
}
