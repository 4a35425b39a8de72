import { ApiError } from '../errors/api-error.ts';
import { editWidth, shardField, versionDigits, versionField, versionWidth } from './markers.ts';
import { readScript, type Span } from './rhai.ts';

/**
 * Edit functions see documents without Miroir's fields: a line before the client's script takes the fields out of `doc`,
 * and a line behind it puts them back, whatever the script has made of `doc`. Behind the version stands how often the
 * document was edited: as text that is newer than the copy that missed the edit, and still older than the next document's.
 */

const takeOut =
  `let miroir_shard = doc.remove("${shardField}"); let miroir_version = doc.remove("${versionField}"); ` +
  `if type_of(miroir_version) == "string" { let d = "${versionDigits}"; ` +
  `if miroir_version.len() == ${versionWidth} { miroir_version += "${(versionDigits[0] ?? '').repeat(editWidth)}"; } ` +
  'let i = miroir_version.len() - 1; ' +
  'while i >= 0 { let p = d.index_of(miroir_version[i]); ' +
  'if p < d.len() - 1 { miroir_version[i] = d[p + 1]; break; } miroir_version[i] = d[0]; i -= 1; } }';
const putBack = `if type_of(doc) == "map" { doc["${shardField}"] = miroir_shard; doc["${versionField}"] = miroir_version; }`;

/** Lines that stand before the client's script. */
const linesBefore = 1;

/** Calls that could end the script before the fields are put back. */
const forbidden = ['exit', 'eval'];

/** The text with these stretches blank; their line breaks stay, so that all else keeps its place. */
function blanked(text: string, spans: readonly Span[]): string {
  let result = text;
  for (const { start, end } of spans) {
    result = result.slice(0, start) + result.slice(start, end).replaceAll(/[^\n]/g, ' ') + result.slice(end);
  }
  return result;
}

/**
 * The script for the nodes. A script that uses `return` becomes a closure, because `return` would otherwise skip the last
 * line; its functions have to stand outside of that. Throws `miroir_not_supported` for calls of `exit` and `eval`.
 */
export function wrapFunction(script: string): string {
  const { functions, words, allWords } = readScript(script);
  const call = forbidden.find((name) => allWords.has(name));
  if (call !== undefined) {
    throw new ApiError(
      'miroir_not_supported',
      `The function may not use \`${call}\` with Miroir${call === 'exit' ? '; use `return` instead' : ''}. Nothing was changed.`,
    );
  }
  if (!words.has('return')) return `${takeOut}\n${script}\n;${putBack}`;
  const hoisted = functions.map(({ start, end }) => script.slice(start, end)).join('\n');
  const body = blanked(script, functions);
  // Naming `doc` first makes the closure share it even if the script does not mention it.
  return `${takeOut} let miroir_run = || { doc;\n${body}\n}; miroir_run.call(); let doc = doc; ${putBack}\n${hoisted}`;
}

const wrapperCall = /\nin closure call \(line \d+, position 15\)$/;
const position = /\(line (\d+), position (\d+)\)/g;

/** A message of a failed function with the places of the client's own script. */
export function unwrapMessage(message: string): string {
  return message
    .replace(wrapperCall, '')
    .replaceAll(
      position,
      (_, line: string, column: string) => `(line ${Number(line) - linesBefore}, position ${column})`,
    );
}
