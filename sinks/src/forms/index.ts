export { type EventForm, type FormedRows, formedRows, ingestTime, isText } from './forms.js';
