import type { Connection, SqlRow, SqlValue } from './connection.ts';

/** How one field of a record becomes a column and back. */
interface Column<R, K extends keyof R> {
  readonly name: string;
  encode(value: R[K]): SqlValue;
  decode(value: SqlValue): R[K];
}

type Columns<R> = { readonly [K in keyof R]-?: Column<R, K> };

/** A column that holds the field's value as it is. `T` is the field's type, trusted because only `upsert` writes it. */
export function plain<T extends SqlValue>(name: string) {
  return { name, encode: (value: T): SqlValue => value, decode: (value: SqlValue) => value as T };
}

/** A column that holds the field as JSON text. */
export function json<T>(name: string) {
  return {
    name,
    encode: (value: T): SqlValue => JSON.stringify(value),
    decode: (value: SqlValue) => JSON.parse(String(value)) as T,
  };
}

/** A column that holds a boolean as 0 or 1. */
export function flag(name: string) {
  return {
    name,
    encode: (value: boolean): SqlValue => (value ? 1 : 0),
    decode: (value: SqlValue): boolean => value === 1,
  };
}

/** The mapping between one kind of record and its table. */
export class Table<R extends object> {
  /** Column list for `SELECT`. */
  readonly select: string;
  readonly #columns: Columns<R>;
  readonly #derived: Readonly<Record<string, (record: R) => SqlValue>>;
  readonly #upsert: string;

  /** `derived` columns are computed from the record on each write and never read back. */
  constructor(
    name: string,
    key: readonly (keyof R)[],
    columns: Columns<R>,
    derived: Readonly<Record<string, (record: R) => SqlValue>> = {},
  ) {
    this.#columns = columns;
    this.#derived = derived;
    const names = this.#fields().map((field) => columns[field].name);
    const keyNames = key.map((field) => columns[field].name);
    const written = [...names, ...Object.keys(derived)];
    const replaced = written.filter((column) => !keyNames.includes(column)).map((c) => `${c} = excluded.${c}`);
    this.select = names.join(', ');
    this.#upsert = `INSERT INTO ${name} (${written.join(', ')}) VALUES (${written.map(() => '?').join(', ')})
      ON CONFLICT (${keyNames.join(', ')}) DO UPDATE SET ${replaced.join(', ')}`;
  }

  /** Insert the record or replace the one with the same key. */
  upsert(connection: Connection, record: R): void {
    const values = this.#fields().map((field) => this.#columns[field].encode(record[field]));
    const derived = Object.values(this.#derived).map((compute) => compute(record));
    connection.run(this.#upsert, [...values, ...derived]);
  }

  decode(row: SqlRow): R {
    const entries = this.#fields().map((field) => {
      const column = this.#columns[field];
      return [field, column.decode(row[column.name] ?? null)];
    });
    return Object.fromEntries(entries) as R;
  }

  #fields(): (keyof R)[] {
    return Object.keys(this.#columns) as (keyof R)[];
  }
}
