import { describe, expect, test } from 'vitest';
import { rewriteNodeError } from '../../src/indexes/error-rewrite.ts';

const context = { physicalUid: 'films__3', logicalUid: 'films' };

function rewritten(code: string, message: string, displayedAttributes?: string[]): string {
  return rewriteNodeError({ code, message }, { ...context, ...(displayedAttributes ? { displayedAttributes } : {}) })
    .message;
}

describe('rewriteNodeError', () => {
  test('keeps code, type and link', () => {
    const error = {
      code: 'index_not_found',
      type: 'invalid_request',
      link: 'l',
      message: 'Index `films__3` not found.',
    };
    expect(rewriteNodeError(error, context)).toEqual({ ...error, message: 'Index `films` not found.' });
  });

  test('an index whose only rules are Miroir’s has none', () => {
    expect(
      rewritten(
        'invalid_search_filter',
        'Index `films__3`: Attribute `x` is not filterable. Available filterable attribute patterns are: `_miroir_shard`.\n1:2 x = 1',
      ),
    ).toBe(
      'Index `films`: Attribute `x` is not filterable. This index does not have configured filterable attributes.\n1:2 x = 1',
    );
  });

  test('text of the client is left alone, even when it looks like a list', () => {
    const filter = 'x = "Available filterable attribute patterns are: `_miroir_shard`, `b`."';
    expect(
      rewritten(
        'invalid_search_filter',
        `Attribute \`x\` is not filterable. Available filterable attribute patterns are: \`_miroir_shard\`, \`a\`.\n1:2 ${filter}`,
      ),
    ).toBe(`Attribute \`x\` is not filterable. Available filterable attribute patterns are: \`a\`.\n1:2 ${filter}`);
    const syntax = 'Was expecting a value but instead got nothing.\n4:4 rule #7 >';
    expect(rewritten('invalid_search_filter', syntax)).toBe(syntax);
  });

  test('rules are counted as the client wrote them', () => {
    const message = (n: number) =>
      `Filter operator \`>\` is not allowed for the attribute \`b\`.\n  - Note: field \`b\` matched rule #${n} in \`filterableAttributes\`\n  - Hint: enable comparison in rule #${n} by modifying the features.filter object`;
    expect(rewritten('invalid_search_filter', message(12))).toBe(message(10));
  });

  test('hidden attributes are named as such in searches only', () => {
    const sort = 'Attribute `x` is not sortable. Available sortable attributes are: `a, b`.';
    expect(rewritten('invalid_search_sort', sort, ['a'])).toBe(
      'Attribute `x` is not sortable. Available sortable attributes are: `a, <..hidden-attributes>`.',
    );
    expect(rewritten('invalid_search_sort', sort, ['z'])).toBe(
      'Attribute `x` is not sortable. This index does not have configured sortable attributes.',
    );
    expect(rewritten('invalid_document_sort', sort, ['a'])).toBe(sort);
  });

  test('markers leave documents and field names', () => {
    expect(
      rewritten(
        'missing_document_id',
        'Document doesn\'t have a `id` attribute: `{"x":1,"_miroir_shard":"§","_miroir_version":"¡"}`.',
      ),
    ).toBe('Document doesn\'t have a `id` attribute: `{"x":1}`.');
    expect(rewritten('invalid_document_fields', 'a\n    available indexes=id, _miroir_shard, _miroir_version\nb')).toBe(
      'a\n    available indexes=id\nb',
    );
  });
});
