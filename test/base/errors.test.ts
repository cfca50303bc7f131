import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { ERROR_TABLE, errorFrom, TracAggError } from "../../src/base/errors.ts";

const documentation = readFileSync(fileURLToPath(new URL("../../docs/errors.md", import.meta.url)), "utf8");

/** Cells of the rows that start with a code in backticks. */
const documentedRows = documentation
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.slice(2, -2).split(" | "));

describe("docs/errors.md", () => {
  it("has the rows of the error table, in its order", () => {
    const expected = Object.entries(ERROR_TABLE).map(([code, meaning]) => [
      `\`${code}\``,
      String(meaning.httpStatus),
      meaning.grpcStatus,
      meaning.retryable ? "yes" : "no",
      meaning.meaning,
    ]);
    const documented = documentedRows.map(([code, http, grpc, ...rest]) => [
      code,
      http,
      Number.parseInt(grpc as string, 10),
      ...rest,
    ]);
    expect(documented).toEqual(expected);
  });

  it("names each gRPC status by its number and word", () => {
    const words = documentedRows.map((cells) => cells[2]);
    expect(new Set(words)).toEqual(
      new Set([
        "3 INVALID_ARGUMENT",
        "5 NOT_FOUND",
        "12 UNIMPLEMENTED",
        "8 RESOURCE_EXHAUSTED",
        "14 UNAVAILABLE",
        "4 DEADLINE_EXCEEDED",
        "1 CANCELLED",
        "9 FAILED_PRECONDITION",
        "15 DATA_LOSS",
        "13 INTERNAL",
      ]),
    );
  });
});

describe("errorFrom", () => {
  it("gives an error of ours back as it is", () => {
    const error = new TracAggError("not_found", "nothing here");
    expect(errorFrom(error)).toBe(error);
  });

  it.each(["ENOSPC", "EDQUOT"])("makes %s retryable, since space may come back", (code) => {
    const error = errorFrom(Object.assign(new Error("write failed"), { code }));
    expect([error.code, error.retryAfterMillis, error.meaning.retryable]).toEqual([
      "unavailable",
      5_000,
      true,
    ]);
  });

  it("keeps a foreign error as the cause of an internal one", () => {
    const cause = new TypeError("x is not a function");
    const error = errorFrom(cause);
    expect([error.code, error.message, error.cause]).toEqual(["internal", "x is not a function", cause]);
  });

  it("reads a thrown value that is no error", () => {
    expect(errorFrom("boom")).toMatchObject({ code: "internal", message: "boom" });
  });
});
