/** What a command is: a function that adds itself to the program. */

import type { Command } from "commander";
import type { CliContext } from "./cli-context.ts";
import type { ExitCode } from "./exit-code.ts";

/** Makes commander's action from a function that gets the context first and answers with the exit code. */
export type ActionOf = <Given extends readonly unknown[]>(
  handle: (context: CliContext, ...given: Given) => Promise<ExitCode>,
) => (...given: Given) => Promise<void>;

/** Adds one command to the program. */
export type AddCommand = (program: Command, run: ActionOf) => void;
