/** Folders that go away with the test. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A fresh empty folder, removed when the running test ends. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "tracagg-test-"));
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}
