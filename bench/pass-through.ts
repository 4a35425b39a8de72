import { sender, serve } from './serve.ts';

/**
 * `pass-through <address>`: reads the request, sends it on, sends the answer back, nothing parsed. The yardstick for Miroir's
 * work per search.
 */
const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('usage: pass-through <address>');
serve(sender(target));
