import { ApiError } from '../errors/api-error.ts';
import { reservedPrefix, shardField, versionField, versionWidth } from './markers.ts';
import { readScript, type Span } from './rhai.ts';

/**
 * Edit functions see documents without Miroir's fields: a line before the client's script takes the fields out of `doc`,
 * and a line behind it puts them back, whatever the script has made of `doc`. Every copy runs the same text over the same
 * document, and Rhai as the nodes have it knows neither clock nor chance, so copies stay equal.
 *
 * An edited document keeps its version, with that of the edit behind it: as text that is newer than the copy that missed
 * the edit, and still older than the next document's.
 */

/** Names of the wrapper's own variables begin with this; scripts may not use such names. */
const ownNames = 'miroir_';

/** `exit` would end the script before the fields are put back, also when it is called by its name in a text. */
const withoutExit = ['()', '(x)'].map((parameters) => `fn exit${parameters} { throw "\`exit\` is not available"; }`);

const takeOut = (version: string) =>
  `${withoutExit.join(' ')} let miroir_shard = doc.remove("${shardField}"); ` +
  `let miroir_version = doc.remove("${versionField}").to_string().sub_string(0, ${versionWidth}) + "${version}";`;
const putBack =
  `if type_of(doc) == "map" { for miroir_key in doc.keys() { if miroir_key.starts_with("${reservedPrefix}") { ` +
  `throw "Fields that begin with \`${reservedPrefix}\` are reserved."; } } ` +
  `doc["${shardField}"] = miroir_shard; doc["${versionField}"] = miroir_version; }`;

/** Lines that stand before the client's script. */
const linesBefore = 1;

function refuse(what: string): never {
  throw new ApiError('miroir_not_supported', `The function may not ${what} with Miroir. Nothing was changed.`);
}

/** The text with these stretches blank; their line breaks stay, so that all else keeps its place. */
function blanked(text: string, spans: readonly Span[]): string {
  let result = text;
  for (const { start, end } of spans) {
    result = result.slice(0, start) + result.slice(start, end).replaceAll(/[^\n]/g, ' ') + result.slice(end);
  }
  return result;
}

/**
 * The script for the nodes; `version` is the edit's own version marker. A script that uses `return` becomes a closure,
 * because `return` would otherwise skip the last line; its functions have to stand outside of that. Throws
 * `miroir_not_supported` for what would get between the two lines.
 */
export function wrapFunction(script: string, version: string): string {
  const { functions, words, allWords, variables } = readScript(script);
  if (allWords.has('exit')) refuse('call `exit` (`return` does the same)');
  if (allWords.has('eval')) refuse('call `eval`');
  if ([...allWords].some((name) => name.startsWith(ownNames))) refuse(`use names that begin with \`${ownNames}\``);
  if (!words.has('return')) return `${takeOut(version)}\n${script}\n;${putBack}`;
  if (variables.has('doc')) refuse('declare another `doc` and use `return`');
  const hoisted = functions.map(({ start, end }) => script.slice(start, end)).join('\n');
  const body = blanked(script, functions);
  // Naming `doc` first makes the closure share it even if the script does not mention it.
  return `${takeOut(version)} let miroir_run = || { doc;\n${body}\n}; miroir_run.call(); let doc = doc; ${putBack}\n${hoisted}`;
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
