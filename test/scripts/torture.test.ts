import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

type FinishedModule = ReturnType<typeof finishedModule>;

interface Torture {
  tortureCases(): string[];
  tortureRun(args: readonly string[], cases?: readonly string[]): unknown;
}

interface Reporter {
  caseLines(testModule: FinishedModule): string[];
  summaryLines(testModules: readonly FinishedModule[]): string[];
}

async function script<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(join("scripts", name)).href)) as T;
}

const { tortureCases, tortureRun } = await script<Torture>("torture.js");
const { caseLines, summaryLines } = await script<Reporter>("torture-reporter.js");

/** What vitest tells a reporter of a file: one test that passed, one that failed. */
function finishedModule() {
  const diagnostic = (duration: number) => () => ({ duration });
  const tests = [
    { fullName: "loses nothing", result: () => ({ state: "passed" }), diagnostic: diagnostic(1_500) },
    {
      fullName: "stays flat",
      result: () => ({ state: "failed", errors: [{ message: "expected 2 to be below 1", stack: "" }] }),
      diagnostic: diagnostic(2_000),
    },
  ];
  return {
    moduleId: "/repository/test/torture/soak.test.ts",
    ok: () => false,
    errors: () => [],
    diagnostic: diagnostic(3_512),
    children: {
      allSuites: () => [],
      allTests: (state?: string) =>
        tests.filter((test) => state === undefined || test.result().state === state),
    },
  };
}

describe("npm run torture", () => {
  it("runs every case in its long form", () => {
    expect(tortureRun([])).toEqual({ env: { TORTURE_FORM: "long" }, files: [] });
    expect(tortureCases()).toEqual(expect.arrayContaining(["kill", "power-loss", "disk-full", "soak"]));
  });

  it("takes cases and lengths", () => {
    const args = ["--only", "soak", "--only", "kill", "--minutes", "0.5", "--rounds", "7", "--seed", "3"];
    expect(tortureRun(args)).toEqual({
      env: {
        TORTURE_FORM: "long",
        TORTURE_MINUTES: "0.5",
        TORTURE_ROUNDS: "7",
        TORTURE_SEED: "3",
      },
      files: ["test/torture/soak.test.ts", "test/torture/kill.test.ts"],
    });
  });

  it("refuses a case that there is not and a length that is none, and says what it expected", () => {
    expect(() => tortureRun(["--only", "nap"], ["kill", "soak"])).toThrow(
      '--only: expected one of kill, soak, got "nap"',
    );
    expect(() => tortureRun(["--minutes", "0"])).toThrow('--minutes: expected a number above 0, got "0"');
  });

  it("tells what failed when a case ends, and every test at the end of all", () => {
    expect(caseLines(finishedModule())).toEqual([
      "  failed: stays flat",
      "    expected 2 to be below 1",
      "FAILED soak (3.5 s)",
    ]);
    expect(summaryLines([finishedModule()])).toEqual([
      "",
      "Summary",
      "FAILED soak (3.5 s)",
      "  passed: loses nothing (1.5 s)",
      "  FAILED: stays flat (2.0 s)",
    ]);
  });
});
