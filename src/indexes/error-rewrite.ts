import { unwrapMessage } from '../documents/edit-function.ts';
import { reservedPrefix } from '../documents/markers.ts';
import { ownRules } from './settings/physical.ts';
import { unguardTemplate } from './settings/templates.ts';

/** What is needed to turn a node's message into the client's. */
export interface RewriteContext {
  readonly physicalUid: string;
  readonly logicalUid: string;
  /**
   * The client's `displayedAttributes`. The nodes know none, so that they list every attribute where one Meilisearch leaves
   * out the hidden ones. Nothing is hidden when absent.
   */
  readonly displayedAttributes?: readonly string[];
}

interface ErrorText {
  readonly message: string;
  readonly code: string;
}

const hiddenNote = '<..hidden-attributes>';
const noneFilterable = 'This index does not have configured filterable attributes.';

/** Names that the client knows, of a list as a message prints it. */
function withoutOwn(names: readonly string[]): string[] {
  return names.filter((name) => !name.startsWith(reservedPrefix));
}

/** The list as the messages of searches print it, or null when nothing is left to show. */
function visibleList(joined: string, context: RewriteContext): string | null {
  const known = withoutOwn(joined.split(', '));
  const displayed = context.displayedAttributes ?? ['*'];
  const shown = displayed.includes('*') ? known : known.filter((name) => displayed.includes(name));
  if (shown.length === 0) return null;
  return (shown.length < known.length ? [...shown, hiddenNote] : shown).join(', ');
}

/** A message's form: what to find at its core, and how to write that for the client. */
interface Form {
  readonly pattern: RegExp;
  readonly rewrite: (match: RegExpExecArray, context: RewriteContext) => string;
}

const filterNotFilterable: Form = {
  pattern:
    /(?<=^(?:Inside `[^`]*`: )?(?:Index `[^`]*`: )?Attribute `.*?` is not filterable\. )Available filterable attribute patterns are: (`.*?`)\.(?=\n\d+:\d+ |$)/s,
  rewrite: (match) => {
    const names = withoutOwn((match[1] ?? '').slice(1, -1).split('`, `'));
    if (names.length === 0) return noneFilterable;
    return `Available filterable attribute patterns are: ${names.map((name) => `\`${name}\``).join(', ')}.`;
  },
};

const facetsNotFilterable: Form = {
  pattern:
    /(?<=Invalid facet distribution: Attributes? `.*?` (?:is|are) not filterable\. )Available filterable attributes patterns are: `(.*?)`\.(?=\n - Note: |$)/s,
  rewrite: (match) => {
    const names = withoutOwn((match[1] ?? '').split(', '));
    return names.length === 0
      ? noneFilterable
      : `Available filterable attributes patterns are: \`${names.join(', ')}\`.`;
  },
};

/** A list that leaves out hidden attributes, with the sentence that stands there when none is left. */
function hidingForm(lead: string, list: string, tail: string, none: string): Form {
  return {
    pattern: new RegExp(`(?<=Attribute \`.*?\` ${lead}\\. )${list} are: \`(.*?)\`\\.(?=${tail}$)`, 's'),
    rewrite: (match, context) => {
      const names = visibleList(match[1] ?? '', context);
      return names === null ? none : `${list} are: \`${names}\`.`;
    },
  };
}

const facetSearchTail = ' To make it facet-searchable add it to the `filterableAttributes` index settings\\.';

/** Forms by the error code under which they come. */
const listForms: Readonly<Record<string, readonly Form[]>> = {
  invalid_search_filter: [filterNotFilterable],
  invalid_document_filter: [filterNotFilterable],
  invalid_similar_filter: [filterNotFilterable],
  invalid_search_facets: [facetsNotFilterable],
  invalid_multi_search_facets: [facetsNotFilterable],
  invalid_search_distinct: [
    hidingForm(
      'is not filterable and thus, cannot be used as distinct attribute',
      'Available filterable attributes patterns',
      '',
      noneFilterable,
    ),
  ],
  invalid_facet_search_facet_name: [
    hidingForm(
      'is not facet-searchable',
      'Available facet-searchable attributes patterns',
      facetSearchTail,
      'This index does not have configured facet-searchable attributes.',
    ),
  ],
  invalid_search_sort: [
    hidingForm(
      'is not sortable',
      'Available sortable attributes',
      '',
      'This index does not have configured sortable attributes.',
    ),
  ],
  invalid_search_attributes_to_search_on: [
    {
      pattern: /(?<=Attribute `.*?` is not searchable\. Available searchable attributes are: )`(.*?)`\.$/s,
      rewrite: (match, context) => `\`${visibleList(match[1] ?? '', context) ?? `, ${hiddenNote}`}\`.`,
    },
  ],
};

/** Messages that name the rule of `filterableAttributes` which matched. */
const ruleMessages = [
  /^(?:Inside `[^`]*`: )?(?:Index `[^`]*`: )?Filter operator `[^`]*` is not allowed for the attribute /,
  /Invalid facet distribution: Attribute `.*` matched rule #\d+ in filterableAttributes/s,
  /Attribute `.*` is not (?:facet-searchable|filterable and thus, cannot be used as distinct attribute)\. Note: this attribute matches rule #\d+ /s,
];

/** Rules counted as the client's list has them, without Miroir's own at its head. */
function renumberRules(message: string): string {
  if (!ruleMessages.some((pattern) => pattern.test(message))) return message;
  return message.replaceAll(/(?<=\brule #)\d+/g, (number) => String(Math.max(0, Number(number) - ownRules.length)));
}

/** Marker fields taken out of the document, or of the document's field names, that a message shows. */
function hideMarkers(message: string): string {
  return message
    .replaceAll(/"_miroir_(?:shard|version)":"[^"]*",|,?"_miroir_(?:shard|version)":"[^"]*"/g, '')
    .replace(/(?<=\n {4}available indexes=).*/, (names) => withoutOwn(names.split(', ')).join(', '));
}

function renameIndex(message: string, { physicalUid, logicalUid }: RewriteContext): string {
  return message
    .replaceAll(`\`${physicalUid}\``, `\`${logicalUid}\``)
    .replace(`.facetsByIndex.${physicalUid}\``, `.facetsByIndex.${logicalUid}\``);
}

/**
 * A node's error as one Meilisearch would have given it: the index under its logical name, Miroir's attributes and rules
 * gone from lists and numbers, hidden attributes hidden. Code, type and link stay. For answers and for task errors.
 */
export function rewriteNodeError<E extends ErrorText>(error: E, context: RewriteContext): E {
  let message = renumberRules(hideMarkers(unguardTemplate(error.message)));
  if (error.code === 'edit_documents_by_function_error') message = unwrapMessage(message);
  for (const { pattern, rewrite } of listForms[error.code] ?? []) {
    const match = pattern.exec(message);
    if (match !== null) {
      const end = match.index + match[0].length;
      message = message.slice(0, match.index) + rewrite(match, context) + message.slice(end);
    }
  }
  return { ...error, message: renameIndex(message, context) };
}
