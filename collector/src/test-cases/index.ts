export { type CaseResult, checkCase } from './check-case.js';
export { findCases, type TestCase } from './find-cases.js';
export { junitOf, summaryOf, textOf } from './report.js';
export { type CasePipeline, CaseRunner, packPipeline } from './run-case.js';
