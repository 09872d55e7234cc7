/** STF, p4c's language for data-plane tests: read, and run on the embedded switch. */
export { parseStf } from './parse.js';
export { stfReport } from './report.js';
export type { StfFailure, StfReading, StfResult } from './result.js';
export { runStf, type StfOptions } from './run.js';
export type { Statement, StfLine, StfTest } from './statement.js';
