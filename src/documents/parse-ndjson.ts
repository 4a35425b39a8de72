import { faultBefore, type JsonSource, jsonSource } from '../json/fault.ts';
import { skipSpace } from '../json/scan.ts';
import { reasons } from '../json/strings.ts';
import { checkRaw, JsonFault } from '../json/validate.ts';
import { keysAreSound, notADocument } from './parse-document.ts';
import { documentFault, malformedJsonPayload } from './payload-errors.ts';
import { Stretch, type Work } from './turns.ts';

const selfDelimited = new Set([...'{["'].map((c) => c.charCodeAt(0)));
const delimiters = new Set([...' \n\t\r"[]{},:'].map((c) => c.charCodeAt(0)));

/** A number or word has to be followed by something that cannot belong to it. */
function checkDelimited(source: JsonSource, start: number, end: number): void {
  const { text } = source;
  if (end >= text.length || selfDelimited.has(text.charCodeAt(start)) || delimiters.has(text.charCodeAt(end))) return;
  throw faultBefore(source, end, reasons.trailingCharacters);
}

function* readStream(source: JsonSource): Work<string[]> {
  const { text } = source;
  const sound = keysAreSound(source);
  const documents: string[] = [];
  const stretch = new Stretch();
  for (let at = skipSpace(text, 0); at < text.length; ) {
    const end = checkRaw(source, at);
    checkDelimited(source, at, end);
    const fault = notADocument(source, at, end, sound);
    if (fault !== null) throw documentFault('ndjson', fault);
    documents.push(text.slice(at, end));
    if (stretch.isOver(end - at)) yield;
    at = skipSpace(text, end);
  }
  return documents;
}

/**
 * The documents of an NDJSON payload as slices of its text. Meilisearch reads a stream of values: line feeds are white
 * space like any other, so a document may span lines and several may share one.
 */
export function* parseNdjsonDocuments(body: Buffer): Work<string[]> {
  try {
    return yield* readStream(jsonSource(body));
  } catch (error) {
    throw error instanceof JsonFault ? malformedJsonPayload('ndjson', error) : error;
  }
}
