import { faultAt, type JsonSource, subSource } from '../json/fault.ts';
import { unexpected } from '../json/print.ts';
import { members } from '../json/scan.ts';
import { checkString } from '../json/strings.ts';
import { checkValue, type JsonFault } from '../json/validate.ts';

/** Escapes that may be half of a surrogate pair. */
const surrogateEscape = /\\u[dD][89a-fA-F]/;

/** Whether the keys of a source's documents can be anything but decodable; then no key needs a look. */
export function keysAreSound(source: JsonSource): boolean {
  return !source.bytes && !surrogateEscape.test(source.text);
}

function keyFault(source: JsonSource): JsonFault | null {
  for (const m of members(source.text)) {
    try {
      checkString(source, m.keyStart, true);
    } catch (fault) {
      return fault as JsonFault;
    }
  }
  return null;
}

function typeFault(source: JsonSource): JsonFault {
  const { text } = source;
  try {
    if (text[0] !== '[') checkValue(source, 0, true);
  } catch (fault) {
    return fault as JsonFault;
  }
  const read = text[0] === '[' ? 0 : text.length;
  return faultAt(source, read, `invalid type: ${unexpected(text)}, expected a map`, 'data');
}

/**
 * What keeps the value between two offsets, which is well-formed, from being a document: it is no object, or one of its
 * keys cannot be decoded. The fault's position counts from the value's start. null when it is fine.
 */
export function notADocument(source: JsonSource, start: number, end: number, soundKeys: boolean): JsonFault | null {
  const isObject = source.text.charCodeAt(start) === 0x7b;
  if (isObject && soundKeys) return null;
  const value = subSource(source, start, end);
  return isObject ? keyFault(value) : typeFault(value);
}
