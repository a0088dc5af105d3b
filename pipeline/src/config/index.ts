export * from './document.js';
export { DOCUMENT_ENDINGS, parseDocument } from './parse-text.js';
