import { isNodeAddress, isNodeId, normalAddress } from '../../placement/node-names.ts';
import { invalidValue } from '../../validation/messages.ts';
import { object, optional, required } from '../../validation/object.ts';
import { booleanText } from '../../validation/query-values.ts';
import { arrayOf, integer, nullable, oneOf, refine, string } from '../../validation/values.ts';

const nodeId = refine(string, (text, at) => {
  if (isNodeId(text)) return text;
  throw invalidValue(at, 'a node id is 1 to 64 letters, digits, dots, dashes or underscores');
});

const address = refine(string, (text, at) => {
  if (isNodeAddress(text)) return normalAddress(text);
  throw invalidValue(at, 'expected an http:// or https:// URL with a host and nothing after the port');
});

const group = integer(1023);
const namedNode = object({ id: required(nodeId), address: required(address) });

/** `?force=true&dryRun=true` of every change of the topology. */
export const operationParameters = object({
  force: optional(booleanText, undefined, false),
  dryRun: optional(booleanText, undefined, false),
});

/** `POST /_miroir/nodes`. */
export const newNodeBody = object({
  id: required(nodeId),
  address: required(address),
  group: optional(group, undefined, 0),
});

/** `POST /_miroir/nodes/{id}/replace`. */
export const replaceBody = namedNode;

/** `POST /_miroir/groups`; without a number the group gets the next free one. */
export const newGroupBody = object({
  group: optional(nullable(group), undefined, null),
  nodes: required(arrayOf(namedNode)),
});

/** `PUT /_miroir/replication-factor`. */
export const replicationFactorBody = object({
  replicationFactor: required(
    refine(integer(64), (value, at) => {
      if (value >= 1) return value;
      throw invalidValue(at, 'at least one copy of each shard is needed');
    }),
  ),
});

/** `POST /_miroir/rebalance`. */
export const steerBody = object({ action: required(oneOf(['pause', 'resume', 'cancel'])) });
