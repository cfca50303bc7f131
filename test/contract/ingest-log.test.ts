import { createFileJournal } from "../../src/log/file-journal.ts";
import { createMemoryLog } from "../../src/log/memory-log.ts";
import { temporaryFolder } from "../helpers/temporary-folder.ts";
import { describeIngestLog } from "./ingest-log-suite.ts";

describeIngestLog("the memory log", (readers) => createMemoryLog({ readers }));

describeIngestLog("the file journal", (readers) =>
  createFileJournal({ dataDirectory: temporaryFolder(), readers, maxFileBytes: 64 * 1024 }),
);

describeIngestLog("the file journal with files shorter than most records", (readers) =>
  createFileJournal({ dataDirectory: temporaryFolder(), readers, maxFileBytes: 128 }),
);
