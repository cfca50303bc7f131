/** The flag that says which times a command goes by. */

import type { Command } from "commander";
import { Option } from "commander";
import type { ClockReading } from "../analysis/trace-clocks.ts";
import type { HostClockJson } from "../api/contract.ts";
import { printable } from "./render/printable.ts";
import { durationText } from "./render/quantities.ts";

/** What commander makes of the flag. */
export interface ClockFlags {
  readonly clock: ClockReading;
}

/** Adds `--clock`. */
export function addClockFlag(command: Command): Command {
  return command.addOption(
    new Option(
      "--clock <times>",
      "corrected: clocks of hosts set so that calls fit; raw: times as they were sent",
    )
      .choices(["corrected", "raw"])
      .default("corrected"),
  );
}

/** Says which clocks were set; "" when none was. */
export function clocksText(clocks: readonly HostClockJson[]): string {
  if (clocks.length === 0) return "";
  const told = clocks.map(({ host, offsetMs }) => {
    const sign = offsetMs < 0 ? "-" : "+";
    return `${printable(host)} ${sign}${durationText(Math.abs(offsetMs))}`;
  });
  return `clocks set: ${told.join(", ")} (--clock raw for the times as they were sent)\n`;
}
