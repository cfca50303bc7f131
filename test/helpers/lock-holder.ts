/** Holds the folder given as argument until killed; says `held`, or the refusal, on standard output. */

import { acquireLock } from "../../src/io/lock-file.ts";

const directory = process.argv[2] as string;
try {
  await acquireLock({ directory, version: "9.9.9" });
  process.stdout.write("held\n");
  setInterval(() => {}, 60_000);
} catch (error) {
  process.stdout.write(`refused: ${(error as Error).message}\n`);
}
