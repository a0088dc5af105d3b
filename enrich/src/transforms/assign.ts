// Fields set to the values of expressions.
import {
  type Adds,
  type AssignDocument,
  compileExpression,
  FIELD_BY_PATH,
  FIELDS,
  type LiveRow,
} from '@weir/pipeline';

export function assign(document: AssignDocument, adds: Adds): (event: LiveRow) => void {
  const entries = Object.entries(document.values).map(([path, text]) => {
    const field = FIELD_BY_PATH.get(path);
    const isText = field !== undefined && FIELDS[field]?.kind !== 'number';
    return { path, run: compileExpression(text, { adds }).run, isText };
  });
  return (event) => {
    for (const { path, run, isText } of entries) {
      const value = run(event);
      // A number that only the event knows is text in a field of text.
      if (value !== undefined) event.set(path, isText ? String(value) : value);
    }
  };
}
