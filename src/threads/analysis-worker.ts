/** The thread that analyses large traces, so that they never hold up the event loop of the server. */

import { parentPort } from "node:worker_threads";
import { serveJobs } from "../io/worker-jobs.ts";
import type { AnalysisJob } from "./analysis-jobs.ts";
import { analysisJob } from "./analysis-jobs.ts";

if (parentPort !== null) serveJobs(parentPort, (job) => analysisJob(job as AnalysisJob));
