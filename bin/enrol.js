#!/usr/bin/env node
import './require-node.js';
import { fileURLToPath } from 'node:url';

// Asked for only now: an older Node has none, and would end here without a word about its age.
const { enableCompileCache } = await import('node:module');
// Starts take half the time. Beside the program, and in no folder that others can write to: it is code that is run.
const compiled = fileURLToPath(new URL('../node_modules/.cache/enrol', import.meta.url));
enableCompileCache(compiled);
// By this, threads have it too (nodejs.org/api/module.html#module-compile-cache).
process.env.NODE_COMPILE_CACHE ??= compiled;
const { main } = await import('./enrol.ts');
await main(process.argv);
