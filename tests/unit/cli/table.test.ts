import { describe, expect, it } from 'vitest';
import { renderTable } from '../../../src/cli/table.ts';

describe('renderTable', () => {
  it('pads to the widest cell, puts numbers to the right and leaves no blanks at line ends', () => {
    const table = renderTable(
      ['node', 'shards', 'error'],
      [
        ['meili-10', 7, ''],
        ['a', 128, 'lost'],
      ],
    );
    expect(table).toBe('node      shards  error\nmeili-10       7\na            128  lost');
  });

  it('shows the head of an empty table', () => {
    expect(renderTable(['node', 'shards'], [])).toBe('node  shards');
  });
});
