import { jsonSource } from '../json/fault.ts';
import { isInteger, printDouble, rustDebug } from '../json/print.ts';
import { CsvRecords } from './csv-records.ts';
import { malformedCsvPayload } from './payload-errors.ts';
import { Stretch, type Work } from './turns.ts';

type ColumnType = 'string' | 'number' | 'boolean';

interface Column {
  name: string;
  type: ColumnType;
}

/** `price:number` names the column `price`; a suffix that is no type belongs to the name. */
function parseHeader(header: string): Column {
  const colon = header.lastIndexOf(':');
  const type = colon === -1 ? '' : header.slice(colon + 1);
  if (type === 'string' || type === 'number' || type === 'boolean') return { name: header.slice(0, colon), type };
  return { name: header, type: 'string' };
}

const trim = (text: string): string => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');
const float = /^[+-]?(?:inf|infinity|nan|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)$/i;

/** A number cell as JSON; what no JSON number can hold becomes null, as in Meilisearch. null: it is none. */
function numberText(cell: string): string | null {
  if (/^[+-]?[0-9]+$/.test(cell)) {
    const integer = BigInt(cell.startsWith('+') ? cell.slice(1) : cell);
    if (integer < 2n ** 63n && isInteger(String(integer))) return String(integer);
  }
  if (!float.test(cell)) return null;
  const value = Number(cell);
  return Number.isFinite(value) ? printDouble(value) : 'null';
}

function cellText(cell: string, type: ColumnType, record: number): string {
  if (type === 'string') return cell === '' ? 'null' : JSON.stringify(cell);
  const trimmed = trim(cell);
  if (trimmed === '') return 'null';
  if (type === 'number') {
    const text = numberText(trimmed);
    if (text !== null) return text;
    throw malformedCsvPayload(`Error parsing number ${rustDebug(cell)} at line ${record}: invalid float literal`);
  }
  if (trimmed === 'true' || trimmed === 'false') return trimmed;
  throw malformedCsvPayload(
    `Error parsing boolean ${rustDebug(cell)} at line ${record}: provided string was not \`true\` or \`false\``,
  );
}

/** Where each distinct column name first stands, and the column whose cell it gets (the last of that name). */
function members(columns: readonly Column[]): { key: string; column: number }[] {
  const last = new Map<string, number>();
  for (const [column, { name }] of columns.entries()) last.set(name, column);
  return [...last].map(([name, column]) => ({ key: `${JSON.stringify(name)}:`, column }));
}

/** The documents of a CSV payload, written as JSON as Meilisearch would: one member per column, null for an empty cell. */
export function* parseCsvDocuments(body: Buffer, delimiter: string): Work<string[]> {
  const records = new CsvRecords(jsonSource(body), delimiter);
  const columns = (records.next() ?? []).map(parseHeader);
  const keys = members(columns);
  const documents: string[] = [];
  const stretch = new Stretch();
  for (let record = records.next(); record !== null; record = records.next()) {
    const cells = record.map((cell, i) => cellText(cell, columns[i]?.type ?? 'string', records.record));
    const document = `{${keys.map(({ key, column }) => key + cells[column]).join(',')}}`;
    documents.push(document);
    if (stretch.isOver(document.length)) yield;
  }
  return documents;
}
