import { sender, serve } from './serve.ts';

/**
 * `fan-out <address>...`: sends each request to all the nodes at once and gives back what the first of them says.
 * The least that a search over several nodes costs.
 */
const nodes = process.argv.slice(2).map((target) => sender(target));
serve(async (asked) => {
  const answers = await Promise.all(nodes.map((send) => send(asked)));
  return answers[0] as Buffer;
});
