export { type CaseResult, checkCase } from './check-case.js';
export { FOLDERS_LEFT_OUT, findCases, type TestCase } from './find-cases.js';
export { jsonOf, junitOf, textOf } from './report.js';
export { type CasePipeline, CaseRunner, packPipeline } from './run-case.js';
