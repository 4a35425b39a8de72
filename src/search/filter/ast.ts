/** A piece of a filter expression: what it means and where it stands. */
export interface FilterToken {
  /** Unescaped, without its quotes. */
  value: string;
  /** UTF-16 offsets in the expression, quotes excluded. */
  start: number;
  end: number;
}

/** Operators of a condition; `NOT IN` and the like are a `not` around their positive form. */
export type FilterOperator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'TO'
  | 'IN'
  | 'EXISTS'
  | 'NULL'
  | 'EMPTY'
  | 'CONTAINS'
  | 'STARTS WITH';

/** A parsed filter expression. */
export type FilterNode =
  | { kind: 'and' | 'or'; parts: FilterNode[] }
  | { kind: 'not'; part: FilterNode }
  | { kind: 'condition'; field: FilterToken; operator: FilterOperator; values: FilterToken[] }
  | { kind: 'geoRadius' | 'geoBoundingBox' }
  | { kind: 'vectorExists' };
